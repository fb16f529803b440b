// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceTable

extension LanceVectorStore {
    /// Removes old versions and the files that then no version needs.
    ///
    /// A version goes when another one took its place more than `olderThan` ago, and it has no tag, and is none of the `keep`
    /// newest. When that was, the manifest file and what it says tell, whichever is later: in a copy ages may start anew. So
    /// the table can be opened as it was at any moment of that time, and a reader has as long to finish. (The
    /// official library counts from a version's own commit.) The newest version and those with tags keep all they need.
    ///
    /// Files that no version names, which a writer that was killed leaves behind, go when they are older than `gracePeriod`:
    /// younger ones may belong to a commit that is under way. Give less than a writer may take only where there is none.
    /// What is not known to belong to a table is left alone.
    ///
    /// A clean-up that is interrupted leaves no version without its files; do it again.
    ///
    /// - Parameters:
    ///   - olderThan: default 14 days.
    ///   - keep: versions, at least 1; default 1, the newest.
    ///   - gracePeriod: default 7 days.
    ///   - dryRun: says what there is to do, and does nothing.
    /// - Throws: `not_found` where there is no table; `unsupported` where it has branches, which use its files;
    ///   `corrupt` where a manifest or a tag cannot be read, so that nobody knows what is needed; `conflict` where another
    ///   clean-up is at work on a version that this one needs, or where a tag names a version that is not there.
    public func cleanup(
        olderThan: Duration = .seconds(14 * 86_400), keep: Int = 1, gracePeriod: Duration = .seconds(7 * 86_400),
        dryRun: Bool = false
    ) async throws(StoreError) -> CleanupStats {
        try await cleanup(
            olderThan: olderThan, keep: keep, gracePeriod: gracePeriod, dryRun: dryRun, countsSpared: true)
    }

    static let defaultAge = Duration.seconds(14 * 86_400)
    static let defaultGracePeriod = Duration.seconds(7 * 86_400)

    /// - Parameter countsSpared: false leaves them 0 where no version goes, and saves looking for them.
    func cleanup(olderThan: Duration, keep: Int, gracePeriod: Duration, dryRun: Bool, countsSpared: Bool)
        async throws(StoreError) -> CleanupStats
    {
        try await longDoor {
            try table.checkNewest()
            guard keep >= 1 else { throw Failure(.invalidArgument, "keep must be at least 1, got \(keep)") }
            guard olderThan >= .zero else {
                throw Failure(.invalidArgument, "olderThan must not be negative, got \(olderThan)")
            }
            guard gracePeriod >= .zero else {
                throw Failure(.invalidArgument, "gracePeriod must not be negative, got \(gracePeriod)")
            }
            let start = ContinuousClock.now
            let now = Date().timeIntervalSince1970
            let policy = CleanupPolicy(
                replacedBefore: now - olderThan.seconds, keep: keep, unnamedBefore: now - gracePeriod.seconds)
            let result = try await Cleaner(table, policy).run(dryRun: dryRun, countsSpared: countsSpared)
            return CleanupStats(
                versionsRemoved: result.versionsRemoved.map { Int(clamping: $0) }, versionsKept: result.versionsKept,
                filesRemoved: result.filesRemoved, bytesFreed: Int(clamping: result.bytesFreed),
                filesSpared: result.filesSpared, bytesSpared: Int(clamping: result.bytesSpared),
                durationSeconds: (ContinuousClock.now - start).seconds)
        }
    }

    /// Makes everything durable that was written with ``Options/Durability-swift.enum/relaxed``, by this process or another:
    /// the newest version and those with tags survive power loss when this returns.
    ///
    /// - Throws: `not_found` where there is no table.
    public func flush() async throws(StoreError) {
        try await longDoor {
            try table.checkNewest()
            try await table.flush()
        }
    }
}
