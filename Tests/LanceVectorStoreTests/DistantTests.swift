// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import ObjectStorage
import TestSupport
import Testing

/// How many requests to a server wait for one another.
struct DistantTests {
    private static let dimension = 64
    private static let rows = 12_000

    private static func text(_ number: Int) -> String {
        let words: [String] = (9..<49).map { "word\(number * 31 % $0)" }
        return "row \(number): " + words.joined(separator: " ")
    }

    /// A table whose columns do not fit into the ends of files that are read anyway.
    private func table(_ version: String) async throws -> MemoryStorage {
        let storage = MemoryStorage()
        let store = try LanceVectorStore(storage, options: Options(durability: .relaxed, fileVersion: version))
        var random = SplitMix64(seed: 7)
        for part in 0..<2 {
            let numbers = Array(part * Self.rows / 2..<(part + 1) * Self.rows / 2)
            _ = try await store.append(
                sources: numbers.map { "book \($0 % 7)" }, docIDs: numbers.map { "id \($0)" },
                chunkIndices: numbers.map { $0 % 5 },
                chunkTexts: numbers.map { Self.text($0) },
                vectors: numbers.flatMap { _ in random.vector(Self.dimension) }, dims: Self.dimension)
        }
        _ = try await store.buildIndex(numPartitions: 40, numSubVectors: 16)
        _ = try await store.buildScalarIndex(column: "doc_id")
        _ = try await store.delete(docIDs: (0..<20).map { "id \($0 * 100)" })
        return storage
    }

    private struct Depths {
        var cold: Int
        var other: Int
        var same: Int
        var count: Int
        var row: Int

        var areAsPromised: Bool { cold <= 6 && other <= 3 && same == 1 && count == 2 && row <= 6 }
    }

    @Test(arguments: ["2.0", "2.1", "2.2"]) func rounds(_ version: String) async throws {
        let inner = try await table(version)
        // Requests that come late because the machine is busy count as ones that waited; then it is given more time.
        var depths = try await depths(inner, quiet: .milliseconds(20))
        for quiet in [80, 320, 1280] where !depths.areAsPromised {
            depths = try await self.depths(inner, quiet: .milliseconds(quiet))
        }
        #expect(depths.areAsPromised, "\(depths)")
    }

    private func depths(_ inner: MemoryStorage, quiet: Duration) async throws -> Depths {
        let near = try LanceVectorStore(inner)
        let storage = DistantStorage(inner)
        let store = try LanceVectorStore(storage)
        var random = SplitMix64(seed: 8)
        let queries = (0..<2).map { _ in random.vector(Self.dimension) }
        func search(_ query: [Float], _ store: LanceVectorStore) async throws -> [Hit] {
            try await store.search(query, nprobes: 8, refineFactor: 10)
        }
        let cold = try await storage.counter.rounds(quiet: quiet) { try await search(queries[0], store) }
        #expect(cold.result == (try await search(queries[0], near)))
        let other = try await storage.counter.rounds(quiet: quiet) { try await search(queries[1], store) }
        #expect(other.result == (try await search(queries[1], near)))
        let many = (0..<150).flatMap { _ in random.vector(Self.dimension) }
        #expect(
            try await LanceVectorStore(DistantStorage(inner, cacheBytes: 0)).search(batch: many, topK: 3, nprobes: 4)
                == (try await near.search(batch: many, topK: 3, nprobes: 4)))
        let same = try await storage.counter.rounds(quiet: quiet) { try await search(queries[1], store) }
        #expect(same.result == other.result)
        let count = try await storage.counter.rounds(quiet: quiet) { try await LanceVectorStore(storage).count() }
        #expect(count.result == Self.rows - 20)
        let row = try await storage.counter.rounds(quiet: quiet) { try await store.row(docID: "id 4321") }
        #expect(row.result == (try await near.row(docID: "id 4321")))
        return Depths(
            cold: cold.rounds, other: other.rounds, same: same.rounds, count: count.rounds, row: row.rounds)
    }

    /// Without an index every vector is fetched, a part at a time.
    @Test func exact() async throws {
        let inner = MemoryStorage()
        let near = try LanceVectorStore(inner, options: Options(durability: .relaxed))
        var random = SplitMix64(seed: 9)
        let ids = (0..<3000).map { "id \($0)" }
        _ = try await near.append(
            sources: ids, docIDs: ids, chunkIndices: ids.map { _ in 0 }, chunkTexts: ids,
            vectors: ids.flatMap { _ in random.vector(Self.dimension) }, dims: Self.dimension)
        let query = random.vector(Self.dimension)
        for cacheBytes in [0, 1 << 20] {
            let store = try LanceVectorStore(DistantStorage(inner, cacheBytes: cacheBytes))
            #expect(try await store.search(query, topK: 20) == (try await near.search(query, topK: 20)))
            #expect(try await store.row(docID: "id 77") == (try await near.row(docID: "id 77")))
        }
    }

    /// Another process with the same directory looks for the newest version, and reads nothing else from the server.
    @Test func cacheDirectory() async throws {
        let inner = try await table("2.1")
        let near = try LanceVectorStore(inner)
        let place = try TemporaryDirectory()
        var random = SplitMix64(seed: 10)
        let query = random.vector(Self.dimension)
        var requests: [Int] = []
        for _ in 0..<3 {
            let disk = DiskBlockCache(path: place.appending("cache"), capacity: 64 << 20)
            let storage = DistantStorage(inner, cacheBytes: 0, disk: disk)
            let store = try LanceVectorStore(storage)
            #expect(
                try await store.search(query, nprobes: 8, refineFactor: 10)
                    == (try await near.search(query, nprobes: 8, refineFactor: 10)))
            #expect(try await store.row(docID: "id 4321") == (try await near.row(docID: "id 4321")))
            requests.append(storage.counter.requests)
        }
        let open = DistantStorage(inner)
        _ = try await LanceVectorStore(open).count()
        #expect(requests[0] > 2 * requests[1] && requests[1] == requests[2], "\(requests), \(open.counter.requests)")
    }
}
