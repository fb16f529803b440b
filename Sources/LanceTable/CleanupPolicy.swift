// SPDX-License-Identifier: Apache-2.0

/// Which versions a clean-up may remove, and which files that no version names: pure.
///
/// The age of a version counts from the moment when the next one took its place, not from its own commit: so the table as it
/// was at any moment of the last `olderThan` seconds can be opened, and a reader has that long to finish.
package struct CleanupPolicy: Sendable, Equatable {
    /// A version, in ascending order.
    package struct Version: Sendable, Equatable {
        package var number: UInt64
        /// When it was committed, in seconds since 1970.
        package var committedAt: Double

        package init(number: UInt64, committedAt: Double) {
            self.number = number
            self.committedAt = committedAt
        }
    }

    /// Versions that were replaced before this moment may go.
    package var replacedBefore: Double
    /// So many of the newest stay, whatever their age; at least one does.
    package var keep: Int
    /// Files that no version names may go when they were changed before this moment: younger ones may belong to a commit
    /// that is under way. Nil leaves all of them.
    package var unnamedBefore: Double?
    /// Versions from this on stay.
    package var below: UInt64

    package init(replacedBefore: Double, keep: Int, unnamedBefore: Double?, below: UInt64 = .max) {
        self.replacedBefore = replacedBefore
        self.keep = keep
        self.unnamedBefore = unnamedBefore
        self.below = below
    }

    /// - Parameter tagged: versions with a name, which stay.
    package func removable(_ versions: [Version], tagged: Set<UInt64>) -> Set<UInt64> {
        var removable = Set<UInt64>()
        // A clock that is behind makes no version older than the one before it.
        var latest = -Double.infinity
        for (version, next) in zip(versions, versions.dropFirst()).dropLast(max(keep, 1) - 1) {
            latest = max(latest, version.committedAt, next.committedAt)
            guard latest < replacedBefore, version.number < below else { break }
            if !tagged.contains(version.number) { removable.insert(version.number) }
        }
        return removable
    }

    package func mayGo(unnamed entry: Double) -> Bool { unnamedBefore.map { entry < $0 } ?? false }
}
