// SPDX-License-Identifier: Apache-2.0

/// A row found by ``LanceVectorStore/search(_:topK:nprobes:refineFactor:columns:)``.
public struct Hit: Sendable, Codable, Equatable {
    /// The row's id.
    public var docID: String
    /// The row's text; "" where it is null.
    public var chunkText: String
    /// 1 - ``distance``: for cosine the cosine of the angle, 1 for equal directions; for dot the dot product.
    public var score: Float
    /// By the index's metric, cosine without one; smaller is nearer. For cosine 1 - cos, in 0...2; for l2 the squared
    /// Euclidean distance; for dot 1 - q·x, unbounded on both sides. An estimate where `refineFactor` was nil and all
    /// rows are in the index, else exact.
    public var distance: Float
    /// The columns that were asked for beside these, by name.
    public var columns: [String: ColumnValue]

    /// Creates a hit.
    public init(
        docID: String, chunkText: String, score: Float, distance: Float, columns: [String: ColumnValue] = [:]
    ) {
        self.docID = docID
        self.chunkText = chunkText
        self.score = score
        self.distance = distance
        self.columns = columns
    }

    enum CodingKeys: String, CodingKey {
        case docID = "doc_id"
        case chunkText = "chunk_text"
        case score, distance, columns
    }

    /// Reads what ``encode(to:)`` wrote.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        docID = try container.decode(String.self, forKey: .docID)
        chunkText = try container.decode(String.self, forKey: .chunkText)
        score = try container.decode(Float.self, forKey: .score)
        distance = try container.decode(Float.self, forKey: .distance)
        columns = try container.decodeIfPresent([String: ColumnValue].self, forKey: .columns) ?? [:]
    }

    /// Writes the members, `columns` only where some were asked for.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(docID, forKey: .docID)
        try container.encode(chunkText, forKey: .chunkText)
        try container.encode(score, forKey: .score)
        try container.encode(distance, forKey: .distance)
        if !columns.isEmpty { try container.encode(columns, forKey: .columns) }
    }
}

/// A row fetched by ``LanceVectorStore/row(docID:columns:)``.
public struct Row: Sendable, Codable, Equatable {
    /// The row's id.
    public var docID: String
    /// The row's text; "" where it is null.
    public var chunkText: String
    /// The embedding, one number a dimension.
    public var vector: [Float]
    /// What the chunk was cut from; nil where it is null or the table has no such column.
    public var source: String?
    /// The chunk's number in its source; nil where it is null or the table has no such column.
    public var chunkIndex: Int?
    /// The columns that were asked for beside these, by name.
    public var columns: [String: ColumnValue]

    /// Creates a row.
    public init(
        docID: String, chunkText: String, vector: [Float], source: String?, chunkIndex: Int?,
        columns: [String: ColumnValue] = [:]
    ) {
        self.columns = columns
        self.docID = docID
        self.chunkText = chunkText
        self.vector = vector
        self.source = source
        self.chunkIndex = chunkIndex
    }

    enum CodingKeys: String, CodingKey {
        case docID = "doc_id"
        case chunkText = "chunk_text"
        case vector, source, columns
        case chunkIndex = "chunk_idx"
    }

    /// Reads what ``encode(to:)`` wrote.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        docID = try container.decode(String.self, forKey: .docID)
        chunkText = try container.decode(String.self, forKey: .chunkText)
        vector = try container.decode([Float].self, forKey: .vector)
        source = try container.decodeIfPresent(String.self, forKey: .source)
        chunkIndex = try container.decodeIfPresent(Int.self, forKey: .chunkIndex)
        columns = try container.decodeIfPresent([String: ColumnValue].self, forKey: .columns) ?? [:]
    }

    /// Writes the members, `columns` only where some were asked for.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(docID, forKey: .docID)
        try container.encode(chunkText, forKey: .chunkText)
        try container.encode(vector, forKey: .vector)
        try container.encodeIfPresent(source, forKey: .source)
        try container.encodeIfPresent(chunkIndex, forKey: .chunkIndex)
        if !columns.isEmpty { try container.encode(columns, forKey: .columns) }
    }
}

/// What a table holds, from ``LanceVectorStore/stats()``.
public struct DatasetStats: Sendable, Codable, Equatable {
    /// The table's path as it was given.
    public var path: String
    /// Live rows.
    public var rows: Int
    /// Bytes of all files under the table's directory, older versions included.
    public var diskBytes: Int
    /// Whether the vector column has an index of a supported kind that covers rows of it, as
    /// ``LanceVectorStore/hasVectorIndex()`` says.
    public var hasVectorIndex: Bool
    /// Whether the id column has a supported BTREE index that covers rows of it, as
    /// ``LanceVectorStore/hasScalarIndex(column:)`` says.
    public var hasDocIDIndex: Bool

    /// Creates statistics.
    public init(path: String, rows: Int, diskBytes: Int, hasVectorIndex: Bool, hasDocIDIndex: Bool) {
        self.path = path
        self.rows = rows
        self.diskBytes = diskBytes
        self.hasVectorIndex = hasVectorIndex
        self.hasDocIDIndex = hasDocIDIndex
    }

    enum CodingKeys: String, CodingKey {
        case path, rows
        case diskBytes = "disk_bytes"
        case hasVectorIndex = "has_vector_index"
        case hasDocIDIndex = "has_doc_id_index"
    }
}

/// What a migration did.
public struct MigrationStats: Sendable, Codable, Equatable {
    /// Rows of the new table.
    public var rowsWritten: Int
    /// Length of every vector.
    public var dimensions: Int
    /// Bytes of all files under the table's directory.
    public var diskBytes: Int
    /// Seconds from the call to its return.
    public var durationSeconds: Double
    /// Rows whose vector was null and is now all zeros.
    public var nullVectors: Int

    /// Creates statistics.
    public init(rowsWritten: Int, dimensions: Int, diskBytes: Int, durationSeconds: Double, nullVectors: Int) {
        self.rowsWritten = rowsWritten
        self.dimensions = dimensions
        self.diskBytes = diskBytes
        self.durationSeconds = durationSeconds
        self.nullVectors = nullVectors
    }

    enum CodingKeys: String, CodingKey {
        case rowsWritten = "rows_written"
        case dimensions
        case diskBytes = "disk_bytes"
        case durationSeconds = "duration_secs"
        case nullVectors = "null_vectors"
    }
}

/// What an append did.
public struct AppendStats: Sendable, Codable, Equatable {
    /// Rows added.
    public var rowsAppended: Int
    /// Bytes of the files that were added.
    public var diskBytesAdded: Int
    /// Seconds from the call to the durable commit.
    public var durationSeconds: Double

    /// Creates statistics.
    public init(rowsAppended: Int, diskBytesAdded: Int, durationSeconds: Double) {
        self.rowsAppended = rowsAppended
        self.diskBytesAdded = diskBytesAdded
        self.durationSeconds = durationSeconds
    }

    enum CodingKeys: String, CodingKey {
        case rowsAppended = "rows_appended"
        case diskBytesAdded = "disk_bytes_added"
        case durationSeconds = "duration_secs"
    }
}

/// What a delete did.
public struct DeleteStats: Sendable, Codable, Equatable {
    /// Rows that are gone.
    public var rowsDeleted: Int
    /// Seconds from the call to the durable commit.
    public var durationSeconds: Double

    /// Creates statistics.
    public init(rowsDeleted: Int, durationSeconds: Double) {
        self.rowsDeleted = rowsDeleted
        self.durationSeconds = durationSeconds
    }

    enum CodingKeys: String, CodingKey {
        case rowsDeleted = "rows_deleted"
        case durationSeconds = "duration_secs"
    }
}

/// What an upsert did.
public struct UpsertStats: Sendable, Codable, Equatable {
    /// Given rows whose id no row of the table had.
    public var rowsInserted: Int
    /// Given rows that took the place of others.
    public var rowsUpdated: Int
    /// Bytes of the files that were added.
    public var diskBytesAdded: Int
    /// Seconds from the call to the durable commit.
    public var durationSeconds: Double

    /// Creates statistics.
    public init(rowsInserted: Int, rowsUpdated: Int, diskBytesAdded: Int, durationSeconds: Double) {
        self.rowsInserted = rowsInserted
        self.rowsUpdated = rowsUpdated
        self.diskBytesAdded = diskBytesAdded
        self.durationSeconds = durationSeconds
    }

    enum CodingKeys: String, CodingKey {
        case rowsInserted = "rows_inserted"
        case rowsUpdated = "rows_updated"
        case diskBytesAdded = "disk_bytes_added"
        case durationSeconds = "duration_secs"
    }
}
