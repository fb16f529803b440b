// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import Testing

struct MigrationTests {
    @Test func aFileBecomesATable() async throws {
        let place = try Place()
        let store = try place.store()
        let stats = try await store.migrate(parquet: fixture("good"))
        #expect(stats.rowsWritten == 60 && stats.dimensions == 8 && stats.nullVectors == 0)
        #expect(stats.diskBytes == (try place.files().values.reduce(0) { $0 + $1.count }))
        #expect(stats.durationSeconds > 0)
        #expect(try await store.count() == 60)
        let row = try #require(try await store.row(docID: "d7"))
        #expect(row.chunkText == "text 7 é" && row.source == "s1" && row.chunkIndex == 7 && row.vector.count == 8)
        let sparse = try #require(try await store.row(docID: "d0"))
        #expect(sparse.chunkText == "" && sparse.source == nil && sparse.chunkIndex == nil)
    }

    @Test func bytesDoAsWellAsAFile() async throws {
        let place = try Place()
        let other = try Place()
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: fixture("good"))))
        _ = try await place.store().migrate(parquet: bytes)
        _ = try await other.store().migrate(parquet: fixture("good"))
        for id in ["d0", "d59"] {
            #expect(try await place.store().row(docID: id) == other.store().row(docID: id))
        }
    }

    @Test func nullVectorsBecomeZerosAndAreCounted() async throws {
        let place = try Place()
        let store = try place.store()
        for (name, nulls, zero) in [("null_vectors", 3, "d7"), ("null_lists", 2, "d30")] {
            #expect(try await store.migrate(parquet: fixture(name)).nullVectors == nulls)
            #expect(try await store.row(docID: zero)?.vector == [Float](repeating: 0, count: 8))
            let query = try #require(try await store.row(docID: "d1")).vector
            #expect(try await store.search(query, topK: 100).count == 60 - nulls)
        }
    }

    @Test(arguments: ["list_vectors", "fixed_vectors"]) func listsPassThrough(_ name: String) async throws {
        let place = try Place()
        let other = try Place()
        _ = try await place.store().migrate(parquet: fixture(name))
        _ = try await other.store().migrate(parquet: fixture("good"))
        for id in ["d0", "d31", "d59"] {
            #expect(try await place.store().row(docID: id) == other.store().row(docID: id))
        }
    }

    @Test func dimensionsMayBeGiven() async throws {
        let place = try Place()
        let store = try place.store()
        #expect(try await store.migrate(parquet: fixture("empty"), dims: 5).rowsWritten == 0)
        #expect(try await store.count() == 0)
        let all = try await store.migrate(parquet: fixture("all_null_vectors"), dims: 3)
        #expect(all.nullVectors == 60 && all.dimensions == 3)
        #expect(try await store.search([1, 2, 3]).isEmpty)
        let error = try await failure {
            try await store.migrate(parquet: bytes("good"), dims: 7)
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains("row 0") && error.message.contains("32 bytes") && error.message.contains("28"))
        for dims in [0, -1, Int.max] {
            let error = try await failure {
                try await store.migrate(parquet: bytes("good"), dims: dims)
            }
            #expect(error.code == .invalidArgument && error.message.contains("\(dims)"))
        }
        #expect(try await store.count() == 60)
    }

    private func bytes(_ name: String) -> [UInt8] {
        (try? Data(contentsOf: URL(filePath: fixture(name)))).map { [UInt8]($0) } ?? []
    }

    /// Name of the input, code, and words that the message must have.
    static let wrong: [(String, StoreError.Code, [String])] = [
        ("short_vector", .invalidArgument, ["row 17", "20 bytes", "32"]),
        ("broken_first_vector", .invalidArgument, ["row 0", "10 bytes"]),
        ("empty_first_vector", .invalidArgument, ["row 0", "0 bytes"]),
        ("list_of_other_length", .invalidArgument, ["row 33", "5 numbers", "8"]),
        ("all_null_vectors", .invalidArgument, ["60", "null", "dimensions"]),
        ("empty", .invalidArgument, ["no rows", "dimensions"]),
        ("null_id", .invalidArgument, ["doc_id", "row 41"]),
        ("no_text", .schemaMismatch, ["chunk_text"]),
        ("long_index", .schemaMismatch, ["chunk_idx", "int64", "int32"]),
        ("decimal_column", .unsupported, ["price", "decimal"]),
        ("struct_column", .unsupported, ["meta"]),
        ("double_vectors", .schemaMismatch, ["vector", "float64"]),
        ("text_vectors", .schemaMismatch, ["vector", "utf8"]),
    ]

    @Test(arguments: wrong.indices) func wrongInputLeavesTheTableAsItWas(_ index: Int) async throws {
        let (name, code, words) = Self.wrong[index]
        let place = try Place()
        let store = try place.store()
        // Where there was nothing, there is nothing that counts as a table; where there was a table, it is untouched.
        for existing in [false, true] {
            if existing { _ = try await store.migrate(parquet: fixture("good")) }
            let before = try place.files()
            let input = bytes(name)
            let error = try await failure { try await store.migrate(parquet: input) }
            #expect(error.code == code, "\(error)")
            for word in words { #expect(error.message.contains(word), "\(error.message) lacks '\(word)'") }
            #expect(try place.files() == before)
            #expect(try await store.stats().rows == (existing ? 60 : 0))
        }
    }

    @Test func missingAndForeignFiles() async throws {
        let place = try Place()
        let store = try place.store()
        let missing = try await failure {
            try await store.migrate(parquet: "/nowhere/x.parquet")
        }
        #expect(missing.code == .notFound && missing.path == "/nowhere/x.parquet")
        let directory = try await failure { try await store.migrate(parquet: "/") }
        #expect(directory.code == .invalidArgument, "\(directory)")
        let foreign = try await failure {
            try await store.migrate(parquet: Array("not a parquet file".utf8))
        }
        #expect(foreign.code == .corrupt)
        let nothing = try await failure { try await store.migrate(parquet: [UInt8]()) }
        #expect(nothing.code == .corrupt)
        #expect(!FileManager.default.fileExists(atPath: place.table))
    }

    @Test func aPathWithOtherThingsIsRefused() async throws {
        let place = try Place()
        let notes = place.url.appending(path: "notes.txt")
        try Data("keep".utf8).write(to: notes)
        for path in [place.url.path, notes.path] {
            let store = try LanceVectorStore(path: path)
            let error = try await failure {
                try await store.migrate(parquet: bytes("good"))
            }
            #expect(error.code == .invalidArgument && error.path == path, "\(error)")
        }
        #expect(try String(contentsOf: notes, encoding: .utf8) == "keep")
    }

    @Test func replacingIsOneCommitAndRemovesTheOldFiles() async throws {
        let place = try Place()
        let store = try place.store()
        _ = try await store.migrate(parquet: fixture("good"))
        _ = try await store.append(
            source: "x", docIDs: ["n"], chunkIndices: [1], chunkTexts: ["t"], vectors: [[Float](repeating: 1, count: 8)]
        )
        let before = try place.files()
        _ = try await store.migrate(parquet: fixture("extras"))
        let after = try place.files()
        #expect(Set(after.keys).isDisjoint(with: before.keys))
        #expect(after.keys.filter { $0.hasSuffix(".manifest") }.count == 1)
        #expect(try await store.count() == 60)
        #expect(try await store.row(docID: "n") == nil)
    }

    @Test func aReaderOfTheReplacedVersionIsNotDisturbed() async throws {
        let place = try Place()
        let writer = try place.store()
        let reader = try place.store()
        _ = try await writer.migrate(parquet: fixture("good"))
        let query = try #require(try await reader.row(docID: "d9")).vector
        let expected = try await reader.search(query)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for _ in 0..<20 { _ = try await writer.migrate(parquet: fixture("good")) } }
            group.addTask {
                for _ in 0..<200 {
                    let hits = try await reader.search(query)
                    #expect(agree(hits, expected))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func progressEndsAtOne() async throws {
        let place = try Place()
        let seen = Seen()
        _ = try await place.store().migrate(parquet: fixture("good")) { seen.append($0) }
        #expect(seen.values.last == 1 && seen.values == seen.values.sorted())
    }

    @Test func cancellingLeavesTheTableAsItWas() async throws {
        let place = try Place()
        let store = try place.store()
        _ = try await store.migrate(parquet: fixture("good"))
        let before = try place.files()
        let task = Task { () async throws -> MigrationStats in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await store.migrate(parquet: fixture("extras"))
        }
        do {
            _ = try await task.value
            Issue.record("a cancelled migration came through")
        } catch let error as StoreError {
            #expect(error.code == .cancelled)
        }
        #expect(try place.files() == before)
    }
}

/// Collects numbers from a callback.
final class Seen: @unchecked Sendable {
    // Unchecked: guarded by the lock.
    private let lock = NSLock()
    private var all: [Double] = []
    func append(_ value: Double) { lock.withLock { all.append(value) } }
    var values: [Double] { lock.withLock { all } }
}
