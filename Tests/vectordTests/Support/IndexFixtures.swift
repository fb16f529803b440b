// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Tables with an index, and queries for them.
enum IndexFixtures {
    /// The sample of the repository as a table of 2000 rows.
    static func sample(_ scratch: Scratch, _ name: String = "table") throws -> String {
        let result = try Command.run("migrate", Fixtures.parquet, scratch.at(name), "--relaxed")
        try #require(result.status == 0, "\(result.errors)")
        return scratch.at(name)
    }

    static func indexed(_ scratch: Scratch, _ name: String = "table") throws -> String {
        let table = try sample(scratch, name)
        let result = try Command.run("index", table, "--partitions", "16", "--relaxed")
        try #require(result.status == 0, "\(result.errors)")
        return table
    }

    /// Vectors of the first rows, each with the next one's added: near rows, but none of them.
    static func queries(_ scratch: Scratch, _ table: String, count: Int = 8) throws -> String {
        let vectors = try Command.run("scan", table, "--columns", "vector", "--limit", "\(count + 1)").lines
            .map { try #require(try Fixtures.object($0)["vector"] as? [Double]) }
        try #require(vectors.count == count + 1)
        let sums = zip(vectors, vectors.dropFirst()).map { zip($0, $1).map { $0 + $1 } }
        return try scratch.file("queries.json", JSONSerialization.data(withJSONObject: sums))
    }

    /// The path of everything below a directory.
    static func listing(_ path: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
    }
}
