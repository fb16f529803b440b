// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport
import Testing

/// Tables whose index, or what it is over, cannot be read: they can still be looked at, and say what is wrong.
struct IndexDamageTests {
    private static let dimension = 6

    private static func table(_ place: Place) async throws -> [Float] {
        let store = try place.store(Options(durability: .relaxed))
        try await IndexBuildTests.fill(store, rows: 400, dimension: dimension)
        _ = try await store.buildIndex(numPartitions: 4, metric: .l2)
        _ = try await store.buildScalarIndex(column: "doc_id")
        return Array(repeating: 0.5, count: dimension)
    }

    /// Every file of the table with that name.
    private static func files(_ name: String, _ place: Place) throws -> [String] {
        let found = try place.files().keys.filter { $0.hasSuffix(name) }.map { place.table + "/" + $0 }
        try check(!found.isEmpty, "no \(name)")
        return found
    }

    /// Gives a file other bytes; nil takes it away. Stores that have mapped the old ones keep them.
    static func replace(_ path: String, _ bytes: Data?) throws {
        try FileManager.default.removeItem(atPath: path)
        try bytes?.write(to: URL(filePath: path))
    }

    @Test(arguments: ["index.idx", "auxiliary.idx"], [nil, 0, 200] as [Int?])
    func aDamagedVectorIndex(_ name: String, length: Int?) async throws {
        let place = try Place()
        let query = try await Self.table(place)
        for file in try Self.files(name, place) {
            try Self.replace(file, try length.map { try Data(contentsOf: URL(filePath: file)).prefix($0) })
        }
        let store = try place.store(Options(durability: .relaxed))
        for _ in 0..<2 {
            let stats = try await store.stats()
            #expect(stats.rows == 400 && !stats.hasVectorIndex && stats.hasDocIDIndex)
            #expect(try await !store.hasVectorIndex())
            // Whichever way is asked, the answer is the same: an error, and no other metric.
            for error in [
                try await failure { try await store.search(query) },
                try await failure { try await store.search(query, refineFactor: nil) },
                try await failure { try await store.explain(query) },
                try await failure { try await store.search(batch: query + query) },
            ] {
                #expect(error.code == (length == nil ? .notFound : .corrupt))
                #expect(error.message.contains("'vec_idx'") && error.message.contains("build it again"), "\(error)")
                #expect(error.path?.hasSuffix(name) == true)
            }
        }
        #expect(try await store.row(docID: "d7")?.chunkText == "text 7")
        _ = try await store.buildIndex(numPartitions: 4, metric: .l2)
        #expect(try await store.hasVectorIndex())
        #expect(try await store.search(query).count == 10)
    }

    @Test(arguments: ["page_lookup.lance", "page_data.lance"], [nil, 0, 200] as [Int?])
    func aDamagedScalarIndex(_ name: String, length: Int?) async throws {
        let place = try Place()
        let query = try await Self.table(place)
        for file in try Self.files(name, place) {
            try Self.replace(file, try length.map { try Data(contentsOf: URL(filePath: file)).prefix($0) })
        }
        let store = try place.store(Options(durability: .relaxed))
        let stats = try await store.stats()
        #expect(stats.rows == 400 && stats.hasVectorIndex && !stats.hasDocIDIndex)
        #expect(try await !store.hasScalarIndex(column: "doc_id"))
        let error = try await failure { try await store.row(docID: "d7") }
        #expect(error.code == (length == nil ? .notFound : .corrupt))
        #expect(error.message.contains("'doc_id_btree'") && error.message.contains("build it again"), "\(error)")
        #expect(try await store.search(query).count == 10)
        _ = try await store.buildScalarIndex(column: "doc_id")
        #expect(try await store.hasScalarIndex(column: "doc_id"))
    }

    /// A layout of which only the files tell that it is not read is no index.
    @Test func aScalarIndexThatIsNotRead() async throws {
        let place = try Place()
        _ = try await Self.table(place)
        for file in try Self.files("page_lookup.lance", place) {
            var bytes = try Data(contentsOf: URL(filePath: file))
            bytes.replaceSubrange(try #require(bytes.range(of: Data("false".utf8))), with: Data("maybe".utf8))
            try Self.replace(file, bytes)
        }
        let store = try place.store()
        #expect(try await !store.hasScalarIndex(column: "doc_id"))
        #expect(try await !store.stats().hasDocIDIndex)
        #expect(try await store.row(docID: "d7")?.chunkText == "text 7")
        #expect(try await !store.hasScalarIndex(column: "doc_id"))
    }

    /// Looking at a table does not need its vectors.
    @Test func vectorsThatCannotBeRead() async throws {
        let place = try Place()
        let query = try await Self.table(place)
        for file in try Self.files(".lance", place) where file.contains("/data/") {
            try Self.replace(file, Data(count: try Data(contentsOf: URL(filePath: file)).count))
        }
        let store = try place.store()
        #expect(try await store.hasVectorIndex())
        let stats = try await store.stats()
        #expect(stats.rows == 400 && stats.hasVectorIndex && stats.hasDocIDIndex)
        #expect(try await failure { try await store.search(query) }.code == .corrupt)
    }
}
