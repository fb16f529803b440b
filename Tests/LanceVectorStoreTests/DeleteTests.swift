// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport
import Testing

struct DeleteTests {
    /// A store of rows "0", "1", … whose vectors are random; the source is "even" or "odd".
    private static func made(_ count: Int, in place: Place, _ random: inout SplitMix64, indexed: Bool = false)
        async throws -> (LanceVectorStore, [String: [Float]])
    {
        let store = try place.store(Options(durability: .relaxed))
        let vectors = (0..<count).map { _ in random.vector(8) }
        _ = try await store.append(
            sources: (0..<count).map { $0 % 2 == 0 ? "even" : "odd" }, docIDs: (0..<count).map { "\($0)" },
            chunkIndices: Array(0..<count), chunkTexts: (0..<count).map { "text \($0)" },
            vectors: vectors.flatMap(\.self), dims: 8)
        if indexed {
            _ = try await store.buildIndex(numPartitions: 4, numSubVectors: 4)
            _ = try await store.buildScalarIndex(column: "doc_id")
        }
        return (store, Dictionary(uniqueKeysWithValues: vectors.enumerated().map { ("\($0)", $1) }))
    }

    /// Every row that should be there is, once, and searches agree with brute force.
    private static func verify(_ store: LanceVectorStore, _ rows: [String: [Float]], _ random: inout SplitMix64)
        async throws
    {
        #expect(try await store.count() == rows.count)
        let list = rows.sorted { $0.key < $1.key }.map { (id: $0.key, vector: $0.value) }
        for _ in 0..<5 {
            let query = random.vector(8)
            let hits = try await store.search(query, topK: 5, nprobes: 100, refineFactor: 1000)
            #expect(hits.map(\.docID) == oracle(query, list, 5).map(\.id))
        }
        for (id, vector) in list.prefix(20) { #expect(try await store.row(docID: id)?.vector == vector) }
    }

    @Test(arguments: [false, true]) func deletes(_ isIndexed: Bool) async throws {
        let place = try Place()
        var random = SplitMix64(seed: 3)
        var (store, rows) = try await Self.made(600, in: place, &random, indexed: isIndexed)
        #expect(try await store.delete(docIDs: ["5", "5", "77", "not there"]).rowsDeleted == 2)
        rows["5"] = nil
        rows["77"] = nil
        try await Self.verify(store, rows, &random)
        #expect(try await store.row(docID: "5") == nil)
        let version = try await store.version()
        #expect(try await store.delete(docIDs: ["5", "no"]).rowsDeleted == 0)
        #expect(try await store.delete(docIDs: []).rowsDeleted == 0)
        #expect(try await store.version() == version, "nothing to delete is no commit")
        #expect(try await store.delete(where: .source("odd")).rowsDeleted == 298)
        for row in stride(from: 1, to: 600, by: 2) { rows["\(row)"] = nil }
        try await Self.verify(store, rows, &random)
        #expect(try await store.delete(where: .column("chunk_text", in: ["text 0", "text 2"])).rowsDeleted == 2)
        rows["0"] = nil
        rows["2"] = nil
        try await Self.verify(store, rows, &random)
        // Rows that came after the indices are found as well.
        _ = try await store.append(
            source: "new", docIDs: ["n1", "n2"], chunkIndices: [1, 2], chunkTexts: ["a", "b"],
            vectors: [random.vector(8), random.vector(8)])
        #expect(try await store.delete(docIDs: ["n1", "10"]).rowsDeleted == 2)
        #expect(try await store.row(docID: "n1") == nil)
        #expect(try await store.row(docID: "n2") != nil)
    }

    /// Two spellings of a letter are two ids, as they are two files.
    @Test func idsAreBytes() async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        _ = try await store.append(
            source: "s", docIDs: [composed, decomposed, ""], chunkIndices: [0, 1, 2], chunkTexts: ["a", "b", "c"],
            vectors: [[1], [2], [3]])
        let stats = try await store.upsert(
            source: "s", docIDs: [decomposed], chunkIndices: [0], chunkTexts: ["new"], vectors: [[4]])
        #expect(stats.rowsUpdated == 1 && stats.rowsInserted == 0)
        #expect(try await store.row(docID: composed)?.chunkText == "a")
        #expect(try await store.delete(docIDs: [composed, ""]).rowsDeleted == 2)
        #expect(try await store.row(docID: decomposed)?.chunkText == "new")
        #expect(try await store.count() == 1)
    }

    @Test func wrongArguments() async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        #expect(try await failure { try await store.delete(docIDs: ["a"]) }.code == .notFound)
        _ = try await store.append(source: "s", docIDs: ["a"], chunkIndices: [0], chunkTexts: ["t"], vectors: [[1]])
        let missing = try await failure { try await store.delete(where: .column("nope", in: ["a"])) }
        #expect(missing.code == .schemaMismatch && missing.message.contains("doc_id"))
        #expect(
            try await failure { try await store.delete(where: .column("chunk_idx", in: ["0"])) }.code == .schemaMismatch
        )
        let before = try place.files()
        let twice = try await failure {
            try await store.upsert(
                source: "s", docIDs: ["x", "y", "x"], chunkIndices: [0, 1, 2], chunkTexts: ["", "", ""],
                vectors: [[1], [2], [3]])
        }
        #expect(twice.code == .invalidArgument && twice.message.contains("rows 0 and 2"))
        let wide = try await failure {
            try await store.upsert(source: "s", docIDs: ["a"], chunkIndices: [0], chunkTexts: [""], vectors: [[1, 2]])
        }
        #expect(wide.code == .invalidArgument)
        #expect(try place.files() == before, "nothing is left behind")
    }

    @Test(arguments: [false, true]) func upserts(_ isIndexed: Bool) async throws {
        let place = try Place()
        var random = SplitMix64(seed: 4)
        var (store, rows) = try await Self.made(600, in: place, &random, indexed: isIndexed)
        for round in 0..<4 {
            let ids = (0..<30).map { "\(round * 100 + $0 * 30)" }
            let vectors = ids.map { _ in random.vector(8) }
            let known = ids.count { rows[$0] != nil }
            let stats = try await store.upsert(
                source: "even", docIDs: ids, chunkIndices: Array(0..<30), chunkTexts: ids, vectors: vectors)
            #expect(stats.rowsUpdated == known && stats.rowsInserted == 30 - known && stats.diskBytesAdded > 0)
            for (id, vector) in zip(ids, vectors) { rows[id] = vector }
            try await Self.verify(store, rows, &random)
        }
        #expect(try await store.row(docID: "30")?.chunkText == "30")
    }

    @Test func anUpsertMakesTheTable() async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        #expect(
            try await store.upsert(source: "s", docIDs: [], chunkIndices: [], chunkTexts: [], vectors: []).rowsInserted
                == 0)
        #expect(try place.files().isEmpty)
        let stats = try await store.upsert(
            sources: ["s", "t"], docIDs: ["a", "b"], chunkIndices: [0, 1], chunkTexts: ["x", "y"], vectors: [1, 2],
            dims: 1)
        #expect(stats.rowsInserted == 2 && stats.rowsUpdated == 0)
    }

    @Test func upsertsAParquetFile() async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        #expect(try await store.upsert(parquet: fixture("good")).rowsInserted == 60)
        let again = try await store.upsert(parquet: fixture("good"))
        #expect(again.rowsUpdated == 60 && again.rowsInserted == 0)
        #expect(try await store.count() == 60)
        let path = try fixture("null_id")
        #expect(try await failure { try await store.upsert(parquet: path) }.code == .invalidArgument)
    }

    /// Many tasks upsert the same ids, delete others and append: one row each, and none that was acknowledged is missing.
    @Test func manyWriters() async throws {
        let place = try Place()
        var random = SplitMix64(seed: 5)
        let (store, _) = try await Self.made(300, in: place, &random, indexed: true)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<6 {
                let store = try place.store(Options(durability: .relaxed))
                group.addTask {
                    var random = SplitMix64(seed: UInt64(100 + task))
                    for round in 0..<12 {
                        let ids = (0..<10).map { "shared \($0)" }
                        _ = try await store.upsert(
                            source: "task \(task)", docIDs: ids, chunkIndices: Array(0..<10),
                            chunkTexts: ids.map { _ in "\(task) \(round)" }, vectors: ids.map { _ in random.vector(8) })
                        _ = try await store.append(
                            source: "task \(task)", docIDs: ["own \(task) \(round)"], chunkIndices: [0],
                            chunkTexts: [""],
                            vectors: [random.vector(8)])
                        _ = try await store.delete(docIDs: ["\(task * 30 + round)"])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.count() == 300 - 72 + 72 + 10)
        for id in (0..<10).map({ "shared \($0)" }) {
            #expect(try await store.delete(docIDs: [id]).rowsDeleted == 1, "\(id) is there once")
        }
        for task in 0..<6 {
            for round in 0..<12 {
                #expect(try await store.row(docID: "own \(task) \(round)") != nil)
                #expect(try await store.row(docID: "\(task * 30 + round)") == nil)
            }
        }
    }

    // MARK: Versions

    @Test func oldVersions() async throws {
        let place = try Place()
        var random = SplitMix64(seed: 6)
        let (store, rows) = try await Self.made(300, in: place, &random, indexed: true)
        _ = try await store.delete(where: .source("odd"))
        try await store.createTag("whole", version: .number(3))
        let versions = try await store.versions()
        #expect(versions.map(\.operation) == ["overwrite", "create index", "create index", "delete"])
        #expect(versions.map(\.rows) == [300, 300, 300, 150] && versions[2].tags == ["whole"])
        #expect(versions.allSatisfy { $0.committedAt.map { abs($0 - Date().timeIntervalSince1970) < 3600 } ?? false })
        #expect(try await store.tags() == ["whole": 3])
        #expect(try await store.version() == 4)
        let old = try store.at(.tag("whole"))
        try await Self.verify(old, rows, &random)
        for attempt in [
            { _ = try await old.delete(docIDs: ["1"]) }, { _ = try await old.buildScalarIndex(column: "doc_id") },
            { _ = try await old.buildIndex(numPartitions: 2) }, { _ = try await old.restore(.number(1)) },
            { try await old.createTag("x") }, { _ = try await old.migrate(parquet: fixture("good")) },
            {
                _ = try await old.append(
                    source: "s", docIDs: ["a"], chunkIndices: [0], chunkTexts: [""],
                    vectors: [[Float](repeating: 1, count: 8)])
            },
        ] as [() async throws -> Void] {
            #expect(try await failure(attempt).code == .unsupported)
        }
        #expect(try await store.restore(.tag("whole")) == 5)
        try await Self.verify(store, rows, &random)
        #expect(try await store.hasVectorIndex())
        #expect(try await store.hasScalarIndex(column: "doc_id"))
        try await store.deleteTag("whole")
        #expect(try await failure { try await old.count() }.code == .notFound)
        #expect(try await failure { try await store.at(.number(9)).count() }.code == .notFound)
        #expect(try await failure { try store.at(.number(0)) }.code == .invalidArgument)
    }
}
