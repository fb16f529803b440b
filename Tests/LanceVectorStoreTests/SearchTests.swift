// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport
import Testing

struct SearchTests {
    /// Rows in several fragments, and the same rows in plain arrays.
    private func filled(_ store: LanceVectorStore, dimension: Int, fragments: Int, rows: Int, seed: UInt64) async throws
        -> [(id: String, vector: [Float])]
    {
        var random = SplitMix64(seed: seed)
        var all: [(id: String, vector: [Float])] = []
        for fragment in 0..<fragments {
            let part = (0..<rows).map { (id: "\(fragment)/\($0)", vector: random.vector(dimension)) }
            _ = try await store.append(
                sources: part.map { _ in "s" }, docIDs: part.map(\.id), chunkIndices: Array(0..<rows),
                chunkTexts: part.map { "text of \($0.id)" }, vectors: part.flatMap(\.vector), dims: dimension)
            all += part
        }
        return all
    }

    @Test(arguments: [1, 3, 16, 100, 384]) func agreesWithThePlainSearch(_ dimension: Int) async throws {
        let place = try Place()
        let store = try place.store()
        let rows = try await filled(store, dimension: dimension, fragments: 3, rows: 400, seed: UInt64(dimension))
        var random = SplitMix64(seed: 99)
        for threads in [1, 2, 7] {
            let store = try place.store(Options(threads: threads))
            for k in [1, 10, 1200, 5000] {
                let query = random.vector(dimension)
                let expected = oracle(query, rows, k)
                let hits = try await store.search(query, topK: k)
                #expect(hits.count == expected.count)
                for (hit, want) in zip(hits, expected) {
                    #expect(abs(Double(hit.distance) - want.distance) < 2e-6)
                    #expect(hit.score == 1 - hit.distance)
                    #expect(hit.chunkText == "text of \(hit.docID)")
                }
                #expect(zip(hits, hits.dropFirst()).allSatisfy { $0.distance <= $1.distance })
                #expect(Set(hits.map(\.docID)).count == hits.count)
            }
        }
    }

    @Test func aLargeTableIsScannedByAllThreads() async throws {
        let place = try Place()
        let store = try place.store()
        // 24 MB of vectors: more than is scanned on the caller's thread.
        let rows = try await filled(store, dimension: 96, fragments: 2, rows: 32_000, seed: 5)
        var random = SplitMix64(seed: 7)
        let query = random.vector(96)
        let expected = oracle(query, rows, 50)
        let hits = try await store.search(query, topK: 50)
        let single = try await place.store(Options(threads: 1)).search(query, topK: 50)
        #expect(agree(hits, single))
        #expect(zip(hits, expected).allSatisfy { abs(Double($0.distance) - $1.distance) < 2e-6 })
        let task = Task { try await store.search(query, topK: 50) }
        task.cancel()
        // Either it was done before, or it says that it was cancelled.
        do { #expect(agree(try await task.value, hits)) } catch let error as StoreError {
            #expect(error.code == .cancelled)
        }
    }

    @Test func tiesGoToTheFirstRow() async throws {
        let place = try Place()
        let store = try place.store()
        for fragment in 0..<3 {
            _ = try await store.append(
                source: "s", docIDs: (0..<10).map { "\(fragment)-\($0)" }, chunkIndices: Array(0..<10),
                chunkTexts: Array(repeating: "t", count: 10), vectors: Array(repeating: [1, 2, 3], count: 10))
        }
        let hits = try await store.search([2, 4, 6], topK: 12)
        #expect(hits.map(\.docID) == (0..<10).map { "0-\($0)" } + ["1-0", "1-1"])
        #expect(hits.allSatisfy { $0.distance == 0 && $0.score == 1 })
    }

    @Test func zeroNaNAndInfiniteVectorsAreStoredAndNeverHit() async throws {
        let place = try Place()
        let store = try place.store()
        _ = try await store.migrate(parquet: fixture("special_vectors"))
        #expect(try await store.count() == 60)
        let query = try #require(try await store.row(docID: "d1")).vector
        let hits = try await store.search(query, topK: 60)
        #expect(hits.count == 57)
        #expect(Set(hits.map(\.docID)).isDisjoint(with: ["d3", "d4", "d5"]))
        // Tiny and huge vectors have a direction like any other.
        #expect(hits.contains { $0.docID == "d6" } && hits.contains { $0.docID == "d8" })
        #expect(hits.allSatisfy { $0.distance.isFinite })
        #expect(try await store.row(docID: "d4")?.vector[2].isNaN == true)
        #expect(try await store.row(docID: "d5")?.vector[0] == .infinity)
    }

    @Test func wrongQueriesAreRefused() async throws {
        let place = try Place()
        let store = try place.store()
        _ = try await store.migrate(parquet: fixture("good"))
        let good = [Float](repeating: 1, count: 8)
        func check(_ words: [String], _ body: () async throws -> [Hit]) async throws {
            let error = try await failure(body)
            #expect(error.code == .invalidArgument)
            for word in words { #expect(error.message.contains(word), "\(error.message) lacks '\(word)'") }
        }
        try await check(["7", "8"]) {
            try await store.search([Float](repeating: 1, count: 7))
        }
        try await check(["0"]) { try await store.search([]) }
        try await check(["zero"]) {
            try await store.search([Float](repeating: 0, count: 8))
        }
        for bad in [Float.nan, .infinity, -.infinity] {
            try await check(["number 7"]) {
                try await store.search(good.dropLast() + [bad])
            }
        }
        try await check(["topK", "0"]) { try await store.search(good, topK: 0) }
        try await check(["topK", "-1"]) { try await store.search(good, topK: -1) }
        try await check(["nprobes", "0"]) { try await store.search(good, nprobes: 0) }
        try await check(["refineFactor", "0"]) {
            try await store.search(good, refineFactor: 0)
        }
        #expect(try await store.search(good, topK: Int.max, nprobes: Int.max, refineFactor: nil).count == 60)
    }

    @Test func anyTextIsALegalID() async throws {
        let place = try Place()
        let store = try place.store()
        let ids = [
            "", "'", "\"", "a'; DROP TABLE x; --", "line\nbreak", "tab\t", "😀", "é", "e\u{301}", "\u{0}", "  ", "🏳️‍🌈",
            "%", "doc id",
        ]
        _ = try await store.append(
            source: "s", docIDs: ids, chunkIndices: Array(ids.indices), chunkTexts: ids,
            vectors: ids.map { _ in [1, 1] })
        for (index, id) in ids.enumerated() {
            // Bytes decide: é in one and in two code points are two ids.
            #expect(try await store.row(docID: id)?.chunkIndex == index)
        }
        #expect(try await store.row(docID: "absent") == nil)
    }

    @Test func ofSeveralRowsWithAnIDTheFirstIsGiven() async throws {
        let place = try Place()
        let store = try place.store()
        for round in 0..<3 {
            _ = try await store.append(
                source: "s", docIDs: ["x", "same", "same"], chunkIndices: [0, round * 2, round * 2 + 1],
                chunkTexts: ["", "a", "b"], vectors: [[1, 0], [0, 1], [1, 1]])
        }
        #expect(try await store.row(docID: "same")?.chunkIndex == 0)
    }
}
