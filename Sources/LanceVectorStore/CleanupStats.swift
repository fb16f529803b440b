// SPDX-License-Identifier: Apache-2.0

/// What a clean-up removed, or would remove.
public struct CleanupStats: Sendable, Codable, Equatable {
    /// Versions that cannot be opened any more, ascending.
    public var versionsRemoved: [Int]
    /// Versions that are left.
    public var versionsKept: Int
    /// Files that went, manifests included.
    public var filesRemoved: Int
    /// Bytes of these.
    public var bytesFreed: Int
    /// Files that no version names, and that are younger than the grace period: a writer may be about to.
    public var filesSpared: Int
    /// Bytes of these.
    public var bytesSpared: Int
    /// Seconds that the call took.
    public var durationSeconds: Double

    /// Creates statistics.
    public init(
        versionsRemoved: [Int], versionsKept: Int, filesRemoved: Int, bytesFreed: Int, filesSpared: Int,
        bytesSpared: Int, durationSeconds: Double
    ) {
        self.versionsRemoved = versionsRemoved
        self.versionsKept = versionsKept
        self.filesRemoved = filesRemoved
        self.bytesFreed = bytesFreed
        self.filesSpared = filesSpared
        self.bytesSpared = bytesSpared
        self.durationSeconds = durationSeconds
    }

    enum CodingKeys: String, CodingKey {
        case versionsRemoved = "versions_removed"
        case versionsKept = "versions_kept"
        case filesRemoved = "files_removed"
        case bytesFreed = "bytes_freed"
        case filesSpared = "files_spared"
        case bytesSpared = "bytes_spared"
        case durationSeconds = "duration_secs"
    }
}
