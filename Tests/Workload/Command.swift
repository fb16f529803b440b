// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

/// What a process is asked to do with the table: a line of JSON.
struct Command: Codable {
    enum Name: String, Codable {
        case use, append, upsert, delete, index, optimize, compact, restore, reopen
        case scalarIndex = "scalar_index"
        case count, get, search, contents, versions, version
    }

    var op: Name
    /// The table that all further commands are about.
    var table: String?
    /// Of the rows concerned.
    var ids: [String]?
    /// What the new rows are made of beside their ids.
    var serial: Int?
    /// The version to be read, or restored; the newest where it is missing.
    var version: Int?
    var bits: Int?
    var metric: DistanceMetric?
    /// Rows that a compaction takes for enough.
    var rows: Int?
    var query: [Float]?
    var k: Int?
    var refine: Int?
}

/// What came of it: a line of JSON. Members that say nothing are left out.
struct Answer: Codable {
    /// The kind of a failure, with `message`.
    var error: String?
    var message: String?
    var count: Int?
    var version: Int?
    var versions: [Int]?
    /// What each of `versions` did.
    var operations: [String]?
    /// Texts of rows: of the whole table, of one row, or of hits.
    var texts: [String]?
    var distances: [Double]?
    /// The index that a search used; missing where it used none.
    var index: String?
}
