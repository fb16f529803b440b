// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceTable
import LanceVectorStore
import TestSupport
import Testing

/// The index on `doc_id`, through the door: rows are found by it as they are without it.
struct ScalarIndexTests {
    private static let ids = [
        "", "a", "A", "a ", "it's", "\"quoted\"", "line\nbreak", "é", "e\u{301}", "日本語", "😀", "nul\0", "nul", "a",
    ]

    private static func store(_ place: Place, _ ids: [String]) async throws -> LanceVectorStore {
        let store = try place.store(.init(durability: .relaxed))
        try await append(ids, to: store, "first")
        return store
    }

    private static func append(_ ids: [String], to store: LanceVectorStore, _ text: String) async throws {
        _ = try await store.append(
            source: "s", docIDs: ids, chunkIndices: Array(ids.indices), chunkTexts: ids.map { "\(text) \($0)" },
            vectors: ids.indices.map { [Float($0), 1] })
    }

    @Test func sameRowsAsWithout() async throws {
        let place = try Place()
        let store = try await Self.store(place, Self.ids)
        try await Self.append(["b", "a"], to: store, "second")
        // Not a dictionary: some of the ids are equal to Swift.
        var without: [Row?] = []
        let asked = Self.ids + ["b", "none", "a\0", "nul\0\0", "é "]
        for id in asked { without.append(try await store.row(docID: id)) }
        #expect(try await !store.hasScalarIndex(column: "doc_id"))

        let stats = try await store.buildScalarIndex(column: "doc_id")
        #expect(stats.name == "doc_id_btree" && stats.column == "doc_id")
        #expect(stats.diskBytesAdded > 0 && stats.buildTimeSeconds > 0)
        #expect(try await store.hasScalarIndex(column: "doc_id"))
        #expect(try await store.stats().hasDocIDIndex)
        #expect(try await !store.hasScalarIndex(column: "source"))
        for (id, row) in zip(asked, without) {
            #expect(try await store.row(docID: id) == row, "\(id.debugDescription)")
        }
        // Another store of the same table has to open the index first.
        let other = try place.store()
        #expect(try await other.row(docID: "日本語")?.chunkText == "first 日本語")
        // Texts that Swift calls equal are different ids.
        #expect(try await other.row(docID: "é")?.chunkIndex == 7)
        #expect(try await other.row(docID: "e\u{301}")?.chunkIndex == 8)
    }

    @Test func appendedRows() async throws {
        let place = try Place()
        let store = try await Self.store(place, (0..<5000).map { "d\($0)" })
        _ = try await store.buildScalarIndex(column: "doc_id")
        try await Self.append(["new", "d17"], to: store, "tail")
        #expect(try await store.row(docID: "new")?.chunkText == "tail new")
        #expect(try await store.row(docID: "d17")?.chunkText == "first d17", "the row that stands first")
        #expect(try await store.row(docID: "d4999")?.chunkIndex == 4999)
        #expect(try await store.row(docID: "newer") == nil)
        _ = try await store.buildScalarIndex(column: "doc_id")
        #expect(try await store.row(docID: "new")?.chunkText == "tail new")
        #expect(try await store.row(docID: "newer") == nil)
    }

    /// One entry, and the version after.
    @Test func replacing() async throws {
        let place = try Place()
        let store = try await Self.store(place, ["a", "b"])
        for column in ["doc_id", "doc_id", "chunk_idx", "source", "chunk_text"] {
            let before = try FileManager.default.contentsOfDirectory(atPath: place.table + "/_versions").count
            _ = try await store.buildScalarIndex(column: column)
            #expect(try await store.hasScalarIndex(column: column))
            let after = try FileManager.default.contentsOfDirectory(atPath: place.table + "/_versions").count
            #expect(after == before + 1)
        }
        #expect(try await store.row(docID: "b")?.chunkText == "first b")
        #expect(try await store.search([0, 1], topK: 1).first?.docID == "a")
    }

    @Test func aTableMadeAnew() async throws {
        let place = try Place()
        let store = try await Self.store(place, ["a", "b"])
        _ = try await store.buildScalarIndex(column: "doc_id")
        #expect(try await store.row(docID: "a") != nil)
        _ = try await store.migrate(parquet: fixture("good"))
        #expect(try await !store.hasScalarIndex(column: "doc_id"))
        #expect(try await store.row(docID: "a") == nil)
        _ = try await store.buildScalarIndex(column: "doc_id")
        #expect(try await store.row(docID: "a") == nil)
    }

    /// Two segments, deleted rows, and a tail (Fixtures/scalar_index.py).
    @Test func segmentsOfTheOfficialLibrary() async throws {
        let url = try #require(
            Bundle.module.url(forResource: "segments", withExtension: "lance", subdirectory: "Fixtures"))
        let store = try LanceVectorStore(path: url.path)
        #expect(try await store.hasScalarIndex(column: "doc_id"))
        var expected: [Int: Int] = [:]
        for number in 0..<80 {
            let fragments = [0: 0..<40, 1: 30..<60, 2: 50..<70, 3: 60..<80].filter { $0.value.contains(number) }
            let deleted = [3: 0, 35: 0, 59: 1]
            expected[number] = fragments.keys.filter { deleted[number] != $0 }.min()
        }
        expected[3] = 3
        for (number, fragment) in expected {
            let row = try #require(try await store.row(docID: "d\(number)"))
            #expect(row.chunkText == "\(fragment)/d\(number)")
            #expect(row.vector == [Float(number), Float(fragment)])
            #expect(row.chunkIndex == (number % 3 == 0 ? nil : number))
            #expect(row.source == (number % 2 == 0 ? "s" : nil))
        }
        #expect(expected.count == 80)
        #expect(try await store.row(docID: "d80") == nil)
    }

    @Test func json() throws {
        let stats = ScalarIndexStats(name: "n", column: "c", buildTimeSeconds: 0.5, diskBytesAdded: 7)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(stats), as: UTF8.self)
        #expect(text == #"{"build_time_secs":0.5,"column":"c","disk_bytes_added":7,"name":"n"}"#)
        #expect(try JSONDecoder().decode(ScalarIndexStats.self, from: Data(text.utf8)) == stats)
    }

    // MARK: What cannot be

    @Test func refusals() async throws {
        let place = try Place()
        let store = try place.store()
        #expect(try await failure { try await store.buildScalarIndex(column: "doc_id") }.code == .notFound)
        _ = try await store.migrate(parquet: fixture("empty"), dims: 4)
        let empty = try await failure { try await store.buildScalarIndex(column: "doc_id") }
        #expect(empty.code == .invalidArgument && empty.message.contains("no rows"))
        _ = try await store.migrate(parquet: fixture("good"))
        let before = try place.files()
        let unknown = try await failure { try await store.buildScalarIndex(column: "docid") }
        #expect(unknown.code == .schemaMismatch)
        #expect(unknown.message.contains("'docid'") && unknown.message.contains("doc_id utf8"))
        let vectors = try await failure { try await store.buildScalarIndex(column: "vector") }
        #expect(vectors.code == .unsupported)
        #expect(vectors.message.contains("fixed_size_list") && vectors.message.contains("integer"))
        #expect(try place.files() == before)
    }

    @Test func cancellation() async throws {
        let place = try Place()
        let store = try await Self.store(place, ["a", "b"])
        let before = try place.files()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await failure { try await store.buildScalarIndex(column: "doc_id") }
        }
        #expect(try await task.value.code == .cancelled)
        #expect(try place.files() == before)
        #expect(!FileManager.default.fileExists(atPath: place.table + "/_indices/x"))
    }

    private static func indexFile(_ name: String, _ place: Place) throws -> URL {
        let directory = URL(filePath: place.table).appending(path: "_indices")
        let uuid = try #require(try FileManager.default.contentsOfDirectory(atPath: directory.path).first)
        return directory.appending(path: uuid).appending(path: name)
    }

    @Test func damagedIndices() async throws {
        let place = try Place()
        let built = try await Self.store(place, (0..<10).map { "d\($0)" })
        _ = try await built.buildScalarIndex(column: "doc_id")
        let data = try Self.indexFile("page_data.lance", place)
        let good = try Data(contentsOf: data)
        // The ids 0 and 1 change places.
        var ids = Data()
        for id in 0..<10 { withUnsafeBytes(of: UInt64(id).littleEndian) { ids.append(contentsOf: $0) } }
        var swapped = good
        let start = try #require(good.range(of: ids)).lowerBound
        swapped[start] = 1
        swapped[start + 8] = 0
        try FileManager.default.removeItem(at: data)
        try swapped.write(to: data)
        let other = try await failure { try await place.store().row(docID: "d1") }
        #expect(other.code == .corrupt && other.message.contains("build the index again"))
        #expect(try await place.store().row(docID: "d2")?.chunkIndex == 2)
        // A row that the table does not have.
        var beyond = good
        beyond[start] = 99
        try FileManager.default.removeItem(at: data)
        try beyond.write(to: data)
        #expect(try await failure { try await place.store().row(docID: "d0") }.code == .corrupt)
        try good.prefix(100).write(to: data)
        #expect(try await failure { try await place.store().row(docID: "d2") }.code == .corrupt)
        try FileManager.default.removeItem(at: data)
        let missing = try await failure { try await place.store().row(docID: "d2") }
        #expect(missing.code == .notFound && missing.path?.contains("page_data.lance") == true)
        // The index can be built again.
        let store = try place.store()
        _ = try await store.buildScalarIndex(column: "doc_id")
        #expect(try await store.row(docID: "d1")?.chunkIndex == 1)
    }

    /// A layout from the future is passed over, and the rows are looked through.
    @Test func unsupportedSegments() async throws {
        let place = try Place()
        _ = try await Self.store(place, ["a", "b"]).buildScalarIndex(column: "doc_id")
        let lookup = try Self.indexFile("page_lookup.lance", place)
        var bytes = try Data(contentsOf: lookup)
        let flag = try #require(bytes.range(of: Data("false".utf8)))
        bytes.replaceSubrange(flag, with: Data("maybe".utf8))
        try FileManager.default.removeItem(at: lookup)
        try bytes.write(to: lookup)
        let store = try place.store()
        #expect(try await store.row(docID: "b")?.chunkText == "first b")
        #expect(try await store.row(docID: "c") == nil)
    }

    // MARK: At once

    /// Does what lost a race again, as its error asks for.
    private static func repeated(_ body: () async throws -> Void) async throws {
        while true {
            do {
                return try await body()
            } catch let error as StoreError where error.code == .conflict {
                continue
            }
        }
    }

    /// Others ask one segment only.
    @Test func optimizingLeavesOneSegment() async throws {
        let place = try Place()
        let store = try await Self.store(place, (0..<1000).map { "d\($0)" })
        _ = try await store.buildScalarIndex(column: "doc_id")
        for number in 0..<3 {
            try await Self.append(["new\(number)"], to: store, "later")
            let stats = try await store.optimizeIndices()
            #expect(stats.indices.map(\.segments) == [1] && stats.indices.map(\.rowsAdded) == [1])
            #expect(try await store.reading { $0.indices.count } == 1)
            #expect(try await store.row(docID: "new\(number)")?.chunkText == "later new\(number)")
            #expect(try await store.row(docID: "d999")?.chunkIndex == 999)
        }
    }

    @Test func lookupsWhileOthersWrite() async throws {
        let place = try Place()
        let store = try await Self.store(place, (0..<3000).map { "d\($0)" })
        _ = try await store.buildScalarIndex(column: "doc_id")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in 0..<4 {
                group.addTask {
                    var random = SplitMix64(seed: UInt64(reader))
                    for _ in 0..<200 {
                        let number = random.below(3000)
                        let row = try await store.row(docID: "d\(number)")
                        #expect(row?.chunkIndex == number && row?.chunkText == "first d\(number)")
                    }
                }
            }
            group.addTask {
                for number in 0..<10 {
                    try await Self.repeated {
                        try await Self.append(["new\(number)", "d\(number)"], to: store, "later")
                    }
                }
            }
            group.addTask {
                for _ in 0..<6 { try await Self.repeated { _ = try await store.buildScalarIndex(column: "doc_id") } }
            }
            try await group.waitForAll()
        }
        for number in 0..<10 { #expect(try await store.row(docID: "new\(number)")?.chunkText == "later new\(number)") }
    }
}
