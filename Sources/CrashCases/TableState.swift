// SPDX-License-Identifier: Apache-2.0
package import LanceVectorStore
import TestSupport

/// All that a user can see of a table, read in every way there is to read it.
package struct TableState: Sendable, Equatable {
    package struct Row: Sendable, Equatable {
        package var source: String?
        package var text: String
        package var vector: [Float]
    }

    /// Nil where there is no table.
    package var rows: [String: Row]?
    package var tags: [String: Int] = [:]
    package var hasVectorIndex = false
    package var hasIDIndex = false

    /// Throws where two ways to read disagree.
    package init(_ store: LanceVectorStore) async throws {
        guard try await store.version() != nil else { return }
        let rows = try await Self.rows(store)
        try await Self.checkSearch(store, rows)
        self.rows = rows
        tags = try await store.tags()
        let stats = try await store.stats()
        hasVectorIndex = stats.hasVectorIndex
        hasIDIndex = stats.hasDocIDIndex
    }

    private static func rows(_ store: LanceVectorStore) async throws -> [String: Row] {
        var rows: [String: Row] = [:]
        for id in CrashTable.ids {
            guard let row = try await store.row(docID: id) else { continue }
            rows[id] = Row(source: row.source, text: row.chunkText, vector: row.vector)
        }
        let count = try await store.count()
        try check(count == rows.count, "the table counts \(count) rows, and \(rows.count) are found by their id")
        return rows
    }

    private static func checkSearch(_ store: LanceVectorStore, _ rows: [String: Row]) async throws {
        var random = SplitMix64(seed: 11)
        for _ in 0..<3 {
            let query = (0..<CrashTable.dimension).map { _ in Float.random(in: -1...1, using: &random) }
            let hits = try await store.search(query, topK: 8, nprobes: 100, refineFactor: 100)
            let expected = nearest(query, rows, 8)
            try check(
                hits.map(\.docID) == expected, "a search finds \(hits.map(\.docID)), and there are \(expected)")
            for hit in hits {
                try check(hit.chunkText == rows[hit.docID]?.text, "a search gives \(hit.docID) '\(hit.chunkText)'")
            }
        }
    }

    /// By the cosine, in double precision.
    private static func nearest(_ query: [Float], _ rows: [String: Row], _ count: Int) -> [String] {
        func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
        let scored = rows.map { id, row in
            (id: id, cosine: dot(query, row.vector) / dot(row.vector, row.vector).squareRoot())
        }
        return scored.sorted { $0.cosine > $1.cosine }.prefix(count).map(\.id)
    }

    /// Every version that is listed can be read to its last row.
    package static func checkVersions(_ store: LanceVectorStore) async throws {
        guard try await store.version() != nil else { return }
        for version in try await store.versions() {
            do {
                let rows = try await rows(store.at(.number(version.version)))
                try check(rows.count == version.rows, "\(rows.count) rows, and the list says \(version.rows)")
            } catch {
                throw CheckFailure("version \(version.version) (\(version.operation)): \(error)")
            }
        }
    }
}

extension TableState: CustomStringConvertible {
    package var description: String {
        guard let rows else { return "no table" }
        let indices = (hasVectorIndex ? " vector index" : "") + (hasIDIndex ? " id index" : "")
        return "\(rows.count) rows, tags \(tags)\(indices)"
    }
}
