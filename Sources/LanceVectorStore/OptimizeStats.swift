// SPDX-License-Identifier: Apache-2.0

/// What optimizing the indices did, or would do.
public struct OptimizeStats: Sendable, Codable, Equatable {
    /// One index that had something to be done.
    public struct Index: Sendable, Codable, Equatable {
        /// The index's name.
        public var name: String
        /// Rows that were in no segment and now are.
        public var rowsAdded: Int
        /// Segments that became one, or went because no row of theirs is left.
        public var segmentsMerged: Int
        /// Segments of the index afterwards.
        public var segments: Int

        /// Creates an entry.
        public init(name: String, rowsAdded: Int, segmentsMerged: Int, segments: Int) {
            self.name = name
            self.rowsAdded = rowsAdded
            self.segmentsMerged = segmentsMerged
            self.segments = segments
        }

        enum CodingKeys: String, CodingKey {
            case name
            case rowsAdded = "rows_added"
            case segmentsMerged = "segments_merged"
            case segments
        }
    }

    /// The indices that had something to be done, by name.
    public var indices: [Index]
    /// Indices that this package does not extend, each with the reason.
    public var skipped: [String: String]
    /// Bytes of the files that were added; 0 of a dry run.
    public var diskBytesAdded: Int
    /// Bytes of the files that the newest version needs no more, which a clean-up frees.
    public var diskBytesReplaced: Int
    /// Seconds from the call to the durable commit.
    public var durationSeconds: Double

    /// Creates statistics.
    public init(
        indices: [Index], skipped: [String: String], diskBytesAdded: Int, diskBytesReplaced: Int = 0,
        durationSeconds: Double
    ) {
        self.indices = indices
        self.skipped = skipped
        self.diskBytesAdded = diskBytesAdded
        self.diskBytesReplaced = diskBytesReplaced
        self.durationSeconds = durationSeconds
    }

    enum CodingKeys: String, CodingKey {
        case indices, skipped
        case diskBytesAdded = "disk_bytes_added"
        case diskBytesReplaced = "disk_bytes_replaced"
        case durationSeconds = "duration_secs"
    }
}
