// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import Testing

struct AppendTests {
    @Test func makesATableWhereThereIsNone() async throws {
        let place = try Place()
        let store = try place.store()
        let stats = try await store.append(
            source: "book", docIDs: ["a", "b"], chunkIndices: [0, 1], chunkTexts: ["x", "y"],
            vectors: [[1, 0], [0, 1]])
        #expect(stats.rowsAppended == 2 && stats.durationSeconds > 0)
        #expect(stats.diskBytesAdded == (try place.files().values.reduce(0) { $0 + $1.count }))
        #expect(
            try await store.row(docID: "b")
                == Row(docID: "b", chunkText: "y", vector: [0, 1], source: "book", chunkIndex: 1))
    }

    @Test func existingFilesStayAsTheyAre() async throws {
        let place = try Place()
        let store = try place.store()
        _ = try await store.migrate(parquet: fixture("good"))
        let before = try place.files()
        let stats = try await store.append(
            sources: ["p", "q"], docIDs: ["n1", "n2"], chunkIndices: [-5, 6], chunkTexts: ["t", ""],
            vectors: (0..<16).map(Float.init), dims: 8)
        let after = try place.files()
        for (name, bytes) in before { #expect(after[name] == bytes, "\(name) was rewritten") }
        #expect(stats.diskBytesAdded == after.filter { before[$0.key] == nil }.values.reduce(0) { $0 + $1.count })
        #expect(try await store.count() == 62)
        let row = try #require(try await store.row(docID: "n1"))
        #expect(row.source == "p" && row.chunkIndex == -5 && row.vector == (0..<8).map(Float.init))
    }

    @Test func appendsAParquetFile() async throws {
        let place = try Place()
        let store = try place.store()
        #expect(try await store.append(parquet: fixture("good")).rowsAppended == 60)
        #expect(try await store.append(parquet: fixture("null_vectors")).rowsAppended == 60)
        #expect(try await store.count() == 120)
        let path = try fixture("extras")
        let error = try await failure { try await store.append(parquet: path) }
        #expect(error.code == .schemaMismatch && error.message.contains("flag"))
        #expect(try await store.count() == 120)
    }

    @Test func otherColumnsBecomeNull() async throws {
        let place = try Place()
        let store = try place.store()
        _ = try await store.migrate(parquet: fixture("extras"))
        _ = try await store.append(
            source: "s", docIDs: ["new"], chunkIndices: [1], chunkTexts: ["t"],
            vectors: [[Float](repeating: 1, count: 8)])
        #expect(try await store.count() == 61)
        #expect(try await store.row(docID: "new")?.chunkText == "t")
        #expect(try await store.append(parquet: fixture("extras")).rowsAppended == 60)
    }

    @Test func emptyInputChangesNothing() async throws {
        let place = try Place()
        let store = try place.store()
        let none = AppendStats(rowsAppended: 0, diskBytesAdded: 0, durationSeconds: 0)
        #expect(try await store.append(source: "s", docIDs: [], chunkIndices: [], chunkTexts: [], vectors: []) == none)
        #expect(
            try await store.append(sources: [], docIDs: [], chunkIndices: [], chunkTexts: [], vectors: [], dims: 4)
                == none)
        #expect(!FileManager.default.fileExists(atPath: place.table))
        _ = try await store.migrate(parquet: fixture("good"))
        let before = try place.files()
        #expect(try await store.append(source: "s", docIDs: [], chunkIndices: [], chunkTexts: [], vectors: []) == none)
        #expect(try place.files() == before)
    }

    @Test func wrongArgumentsAreToldWithTheirNumbers() async throws {
        let place = try Place()
        let store = try place.store()
        _ = try await store.migrate(parquet: fixture("good"))
        let before = try place.files()
        let one = [Float](repeating: 1, count: 8)
        func check(_ words: [String], _ body: () async throws -> AppendStats) async throws {
            let error = try await failure(body)
            #expect(error.code == .invalidArgument)
            for word in words { #expect(error.message.contains(word), "\(error.message) lacks '\(word)'") }
            #expect(try place.files() == before)
        }
        try await check(["docIDs 2", "chunkIndices 1", "chunkTexts 2", "vectors 2"]) {
            try await store.append(
                source: "s", docIDs: ["a", "b"], chunkIndices: [1], chunkTexts: ["x", "y"], vectors: [one, one])
        }
        try await check(["row 1", "3"]) {
            try await store.append(
                source: "s", docIDs: ["a", "b"], chunkIndices: [1, 2], chunkTexts: ["x", "y"],
                vectors: [one, [1, 2, 3]])
        }
        try await check(["3", "8"]) {
            try await store.append(
                source: "s", docIDs: ["a"], chunkIndices: [1], chunkTexts: ["x"], vectors: [[1, 2, 3]])
        }
        try await check(["dimensions", "0"]) {
            try await store.append(source: "s", docIDs: ["a"], chunkIndices: [1], chunkTexts: ["x"], vectors: [[]])
        }
        try await check(["row 1", "4294967296", "int32"]) {
            try await store.append(
                source: "s", docIDs: ["a", "b"], chunkIndices: [1, 1 << 32], chunkTexts: ["x", "y"],
                vectors: [one, one])
        }
        try await check(["2 x 8", "15"]) {
            try await store.append(
                sources: ["s", "s"], docIDs: ["a", "b"], chunkIndices: [1, 2], chunkTexts: ["x", "y"],
                vectors: [Float](repeating: 0, count: 15), dims: 8)
        }
        try await check(["sources 1", "docIDs 2"]) {
            try await store.append(
                sources: ["s"], docIDs: ["a", "b"], chunkIndices: [1, 2], chunkTexts: ["x", "y"],
                vectors: [Float](repeating: 0, count: 16), dims: 8)
        }
        for dims in [0, -8, Int.max, Int.min] {
            try await check(["dimensions", "\(dims)"]) {
                try await store.append(
                    sources: ["s"], docIDs: ["a"], chunkIndices: [1], chunkTexts: ["x"], vectors: one, dims: dims)
            }
        }
    }

    @Test func manyWritersAtOnceLoseNothing() async throws {
        let place = try Place()
        let writers = 6
        let rounds = 10
        // The first append of each finds no table, or one that another has just made.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                let store = try place.store()
                group.addTask {
                    for round in 0..<rounds {
                        _ = try await store.append(
                            source: "w\(writer)", docIDs: ["\(writer)-\(round)"], chunkIndices: [round],
                            chunkTexts: ["t"],
                            vectors: [[Float(writer), 1]])
                    }
                }
            }
            try await group.waitForAll()
        }
        let store = try place.store()
        #expect(try await store.count() == writers * rounds)
        for writer in 0..<writers {
            for round in 0..<rounds { #expect(try await store.row(docID: "\(writer)-\(round)")?.chunkIndex == round) }
        }
    }

    @Test func relaxedDurabilityWritesTheSame() async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        _ = try await store.migrate(parquet: fixture("good"))
        _ = try await store.append(
            source: "s", docIDs: ["n"], chunkIndices: [1], chunkTexts: ["t"], vectors: [[Float](repeating: 1, count: 8)]
        )
        #expect(try await place.store().count() == 61)
    }
}
