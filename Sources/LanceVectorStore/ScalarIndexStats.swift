// SPDX-License-Identifier: Apache-2.0

/// What building a scalar index did.
public struct ScalarIndexStats: Sendable, Codable, Equatable {
    /// The index's name in the table: the column's, and `_btree`.
    public var name: String
    /// The column that the index is over.
    public var column: String
    /// Seconds from the call to the durable commit.
    public var buildTimeSeconds: Double
    /// Bytes of the files that were added.
    public var diskBytesAdded: Int

    /// Creates statistics.
    public init(name: String, column: String, buildTimeSeconds: Double, diskBytesAdded: Int) {
        self.name = name
        self.column = column
        self.buildTimeSeconds = buildTimeSeconds
        self.diskBytesAdded = diskBytesAdded
    }

    enum CodingKeys: String, CodingKey {
        case name, column
        case buildTimeSeconds = "build_time_secs"
        case diskBytesAdded = "disk_bytes_added"
    }
}
