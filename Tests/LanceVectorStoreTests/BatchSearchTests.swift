// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import TestSupport
import Testing

/// Many queries at once give what each of them gives.
struct BatchSearchTests {
    private static func store(_ rows: Int, _ dimension: Int, in directory: TemporaryDirectory) async throws
        -> LanceVectorStore
    {
        let store = try LanceVectorStore(path: directory.path + "/t", options: Options(durability: .relaxed))
        try await append(store, rows, dimension, seed: 1)
        return store
    }

    private static func append(_ store: LanceVectorStore, _ rows: Int, _ dimension: Int, seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let names = (0..<rows).map { "\(seed)-\($0)" }
        _ = try await store.append(
            sources: names, docIDs: names, chunkIndices: Array(0..<rows), chunkTexts: names,
            vectors: (0..<rows * dimension).map { _ in Float.random(in: -1...1, using: &random) }, dims: dimension)
    }

    @Test(arguments: [1, 7, 100]) func aBatchIsItsQueries(count: Int) async throws {
        let directory = try TemporaryDirectory()
        let store = try await Self.store(1500, 12, in: directory)
        var random = SplitMix64(seed: 9)
        let queries = (0..<count * 12).map { _ in Float.random(in: -1...1, using: &random) }
        for stage in ["no index", "index", "tail"] {
            if stage == "index" { _ = try await store.buildIndex(numPartitions: 9) }
            if stage == "tail" { try await Self.append(store, 40, 12, seed: 2) }
            for (nprobes, refine) in [(nil, 10), (3, nil), (3, 2), (100, 1)] as [(Int?, Int?)] {
                let together = try await store.search(
                    batch: queries, topK: 5, nprobes: nprobes, refineFactor: refine)
                #expect(together.count == count)
                for (number, hits) in together.enumerated() {
                    let alone = try await store.search(
                        Array(queries[number * 12..<(number + 1) * 12]), topK: 5, nprobes: nprobes,
                        refineFactor: refine)
                    #expect(hits == alone, "\(stage), query \(number)")
                }
            }
        }
    }

    @Test func wrongBatchesAreRefused() async throws {
        let directory = try TemporaryDirectory()
        let store = try await Self.store(300, 4, in: directory)
        #expect(try await store.search(batch: []).isEmpty)
        let good: [Float] = [1, 2, 3, 4]
        for bad in [[1], good + [1], good + [1, .nan, 1, 1], good + [0, 0, 0, 0], good + [1, .infinity, 0, 0]] {
            await #expect {
                try await store.search(batch: bad)
            } throws: {
                ($0 as? StoreError)?.code == .invalidArgument
            }
        }
        await #expect {
            try await store.search(batch: good, topK: 0)
        } throws: {
            ($0 as? StoreError)?.code == .invalidArgument
        }
    }
}
