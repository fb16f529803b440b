// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

/// Changes of a table that is there, and its upkeep. All but the two that make something to keep up are durable.
enum BenchChanges {
    /// The table's first rows with other texts.
    static func upsert(_ dataset: String, _ parameters: BenchParameters) async throws {
        let store = try LanceVectorStore(path: dataset)
        var rows = try await BenchRows(store, limit: parameters.n ?? 1000)
        for row in rows.chunkTexts.indices { rows.chunkTexts[row] += "!" }
        let (stats, usage) = try await Usage.measure { try await rows.upsert(into: store) }
        try print("upsert", usage, ["updated": stats.rowsUpdated, "inserted": stats.rowsInserted])
    }

    /// The table's first rows by their ids.
    static func delete(_ dataset: String, _ parameters: BenchParameters) async throws {
        let store = try LanceVectorStore(path: dataset)
        let ids = try await BenchRows(store, limit: parameters.n ?? 1000).docIDs
        let (stats, usage) = try await Usage.measure { try await store.delete(docIDs: ids) }
        try print("delete", usage, ["deleted": stats.rowsDeleted])
    }

    static func optimize(_ dataset: String) async throws {
        let store = try LanceVectorStore(path: dataset)
        let (stats, usage) = try await Usage.measure { try await store.optimizeIndices() }
        try print("optimize", usage, ["added": stats.indices.reduce(0) { $0 + $1.rowsAdded }])
    }

    static func compact(_ dataset: String) async throws {
        let store = try LanceVectorStore(path: dataset)
        let (stats, usage) = try await Usage.measure { try await store.compact() }
        try print("compact", usage, ["removed": stats.fragmentsRemoved, "added": stats.fragmentsAdded])
    }

    static func cleanup(_ dataset: String) async throws {
        let store = try LanceVectorStore(path: dataset)
        let (stats, usage) = try await Usage.measure { try await store.cleanup(olderThan: .zero) }
        try print("cleanup", usage, ["versions": stats.versionsRemoved.count, "files": stats.filesRemoved])
    }

    /// Commits of one row each.
    static func fragments(_ parquet: String, _ dataset: String, _ parameters: BenchParameters) async throws {
        let store = try LanceVectorStore(path: dataset, options: Options(durability: .relaxed))
        let count = parameters.n ?? 1000
        let rows = try await BenchRows(parquet, limit: count)
        let (_, usage) = try await Usage.measure {
            for row in rows.docIDs.indices { _ = try await rows[row..<row + 1].append(to: store) }
        }
        try print("fragments", usage, ["n": rows.docIDs.count])
    }

    /// Versions, each without one row more.
    static func versions(_ dataset: String, _ parameters: BenchParameters) async throws {
        let store = try LanceVectorStore(path: dataset, options: Options(durability: .relaxed))
        let ids = try await BenchRows(store, limit: parameters.n ?? 10_000).docIDs
        let (_, usage) = try await Usage.measure { for id in ids { _ = try await store.delete(docIDs: [id]) } }
        try print("versions", usage, ["n": ids.count])
    }

    private static func print(_ operation: String, _ usage: Usage, _ counts: KeyValuePairs<String, Int>) throws {
        var line = BenchLine(operation)
        line.add(usage)
        line.addMemory()
        for (name, count) in counts { line.object.add(name, count) }
        try line.print()
    }
}
