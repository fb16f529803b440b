// SPDX-License-Identifier: Apache-2.0
package import LanceVectorStore
package import TestSupport

/// The tables that calls which write begin on, small ones with all there is to a table, and the rows to write.
package enum CrashTable: String, Sendable, CaseIterable {
    /// No table, and no directory.
    case nothing
    /// One fragment, some rows of it deleted; no index.
    case plain
    /// Five fragments, deletions, both indices over the first fragment only, and the tag "old".
    case indexed

    package static let dimension = 4
    /// The ids of all rows that any table here ever has.
    static let ids = (0..<60).map { "r\($0)" } + SmallParquet.rows + ["x0", "x1"]

    package static func options(_ durability: Options.Durability) -> Options {
        Options(threads: 1, durability: durability)
    }

    /// Makes the table, all of it on the device.
    package func make() async throws -> PowerLossStorage {
        let storage = PowerLossStorage()
        try await fill(LanceVectorStore(storage, options: Self.options(.full)))
        return storage.afterPowerLoss(.kept)
    }

    package func fill(_ store: LanceVectorStore) async throws {
        if self == .nothing { return }
        try await Self.append(0..<24, to: store)
        _ = try await store.delete(docIDs: ["r3", "r17"])
        if self == .plain { return }
        _ = try await store.buildIndex(numPartitions: 2, numBits: 4, numSubVectors: 2, seed: 5)
        _ = try await store.buildScalarIndex(column: "doc_id")
        try await Self.append(24..<32, to: store)
        try await store.createTag("old")
        for first in [32, 36, 40] { try await Self.append(first..<first + 4, to: store) }
        _ = try await store.delete(docIDs: ["r5", "r30", "r41"])
    }

    package static func append(_ numbers: Range<Int>, to store: LanceVectorStore) async throws {
        try await append(numbers.map { "r\($0)" }, to: store)
    }

    package static func append(_ ids: [String], to store: LanceVectorStore) async throws {
        let rows = given(ids, text: "first")
        _ = try await store.append(
            sources: rows.sources, docIDs: ids, chunkIndices: Array(ids.indices), chunkTexts: rows.texts,
            vectors: rows.vectors, dims: dimension)
    }

    package static func upsert(_ ids: [String], to store: LanceVectorStore) async throws {
        let rows = given(ids, text: "second")
        _ = try await store.upsert(
            sources: rows.sources, docIDs: ids, chunkIndices: Array(ids.indices), chunkTexts: rows.texts,
            vectors: rows.vectors, dims: dimension)
    }

    /// Rows that are the same for the same ids and text.
    private static func given(_ ids: [String], text: String) -> (
        sources: [String], texts: [String], vectors: [Float]
    ) {
        var rows: (sources: [String], texts: [String], vectors: [Float]) = ([], [], [])
        for id in ids {
            let seed = (id + text).utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
            var random = SplitMix64(seed: seed)
            rows.sources.append("s\(random.below(3))")
            rows.texts.append("\(text) text of \(id)")
            rows.vectors += (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }
        }
        return rows
    }
}
