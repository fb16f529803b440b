// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport
import Testing

/// Random tables and their indices against plain arrays of rows.
struct IndexedSearchModelTests {
    private static let steps = 500

    @Test(arguments: UInt64(1)...12) func answersAsAPlainArray(seed: UInt64) async throws {
        var run = try IndexedModel(seed: seed)
        for step in 0..<Self.steps {
            do {
                try await run.step()
            } catch {
                throw CheckFailure("seed \(seed), step \(step) (\(run.last)), dimension \(run.dimension): \(error)")
            }
        }
    }

    /// More partitions find more: on average, but for chance, never less.
    @Test(arguments: DistanceMetric.allCases) func recallGrowsWithTheProbes(_ metric: DistanceMetric) async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        var random = SplitMix64(seed: 41)
        let dimension = 16
        // Heaps that touch each other.
        let heaps = (0..<30).map { _ in random.vector(dimension) }
        func near(_ heap: [Float]) -> [Float] { zip(heap, random.vector(dimension)).map { $0 + 0.6 * $1 } }
        let rows = (0..<4000).map { near(heaps[$0 % 30]) }
        _ = try await store.append(
            source: "s", docIDs: rows.indices.map { "d\($0)" }, chunkIndices: Array(repeating: 0, count: rows.count),
            chunkTexts: Array(repeating: "", count: rows.count), vectors: rows)
        _ = try await store.buildIndex(numPartitions: 32, numSubVectors: 8, metric: metric)
        let queries = (0..<200).map { near(heaps[$0 % 30]) }
        var truth: [Set<String>] = []
        for query in queries { truth.append(Set(try await store.searchExactly(query, topK: 10).map(\.docID))) }
        var before = 0.0
        for probes in [1, 2, 4, 8, 16, 32] {
            var found = 0
            for (query, right) in zip(queries, truth) {
                found += try await store.search(query, nprobes: probes).count { right.contains($0.docID) }
            }
            let recall = Double(found) / 2000
            #expect(recall >= before - 0.002, "\(probes) probes: \(recall), with half as many \(before)")
            before = max(before, recall)
        }
        #expect(before > 0.95)
    }
}
