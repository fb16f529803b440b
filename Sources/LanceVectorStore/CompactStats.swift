// SPDX-License-Identifier: Apache-2.0

/// What a compaction did, or would do.
public struct CompactStats: Sendable, Codable, Equatable {
    /// Fragments that went.
    public var fragmentsRemoved: Int
    /// Fragments that came in their place; of a dry run at the most.
    public var fragmentsAdded: Int
    /// Rows that were written again.
    public var rowsRewritten: Int
    /// Rows that were deleted before, and whose bytes are not in the new files.
    public var rowsDropped: Int
    /// Indices that cannot follow rows, each with the reason: fragments that they cover stay as they are.
    public var skipped: [String: String]
    /// Bytes of the files that were added; the old ones stay until they are cleaned up. 0 of a dry run.
    public var diskBytesAdded: Int
    /// Bytes of the files that the newest version needs no more, which a clean-up frees.
    public var diskBytesReplaced: Int
    /// Seconds from the call to the durable commit.
    public var durationSeconds: Double

    /// Creates statistics.
    public init(
        fragmentsRemoved: Int, fragmentsAdded: Int, rowsRewritten: Int, rowsDropped: Int, skipped: [String: String],
        diskBytesAdded: Int, diskBytesReplaced: Int = 0, durationSeconds: Double
    ) {
        self.fragmentsRemoved = fragmentsRemoved
        self.fragmentsAdded = fragmentsAdded
        self.rowsRewritten = rowsRewritten
        self.rowsDropped = rowsDropped
        self.skipped = skipped
        self.diskBytesAdded = diskBytesAdded
        self.diskBytesReplaced = diskBytesReplaced
        self.durationSeconds = durationSeconds
    }

    enum CodingKeys: String, CodingKey {
        case fragmentsRemoved = "fragments_removed"
        case fragmentsAdded = "fragments_added"
        case rowsRewritten = "rows_rewritten"
        case rowsDropped = "rows_dropped"
        case skipped
        case diskBytesAdded = "disk_bytes_added"
        case diskBytesReplaced = "disk_bytes_replaced"
        case durationSeconds = "duration_secs"
    }
}
