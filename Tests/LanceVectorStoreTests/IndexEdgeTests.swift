// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import LanceTable
import LanceVectorStore
import TestSupport
import Testing

/// Tables and vectors at the edge of what an index can do.
struct IndexEdgeTests {
    /// Rows of which some have no vector, in a fragment of their own.
    static func append(_ store: LanceVectorStore, _ vectors: [[Float]?], dimension: Int, prefix: String = "d")
        async throws
    {
        let type = DataType.fixedSizeList(.float32, dimension)
        let schema = Schema([
            Field("source", .utf8), Field("doc_id", .utf8, nullable: false), Field("chunk_idx", .int32),
            Field("chunk_text", .utf8), Field("vector", type),
        ])
        var (ids, chunks, floats) = (ColumnBuilder(.utf8), ColumnBuilder(.int32), ColumnBuilder(.float32))
        for (row, vector) in vectors.enumerated() {
            ids.append("\(prefix)\(row)")
            chunks.append(fixed: Int32(row))
            for number in vector ?? Array(repeating: 7, count: dimension) { floats.append(fixed: number) }
        }
        let (idColumn, isThere) = (try ids.finish(), vectors.map { $0 != nil })
        let vectorColumn = try Column(
            type, count: vectors.count, validity: isThere.allSatisfy { $0 } ? nil : Bitmap(isThere),
            storage: .fixedSizeList(items: floats.finish(), length: dimension))
        var batch: Batch? = try Batch(schema, [idColumn, idColumn, chunks.finish(), idColumn, vectorColumn])
        _ = try await store.append(schema) {
            defer { batch = nil }
            return batch
        }
    }

    /// The same distances but for rounding, and the same rows but for those that are as far as the last.
    static func expectSame(_ found: [Hit], _ expected: [Hit], _ what: String) {
        guard found.count == expected.count else {
            Issue.record("\(what): \(found.count) hits for \(expected.count)")
            return
        }
        let largest = expected.reduce(0) { max($0, $1.distance.magnitude) }
        let error = largest * 1e-5 + (largest > 1e-3 ? 2e-6 : 0)
        for (hit, want) in zip(found, expected) where abs(hit.distance - want.distance) > error {
            Issue.record("\(what): \(hit), expected \(want)")
            return
        }
        let ids = Set(expected.map(\.docID))
        for hit in found where !ids.contains(hit.docID) {
            #expect(abs(hit.distance - (expected.last?.distance ?? 0)) <= error, "\(what): \(hit) is not expected")
        }
        #expect(Set(found.map(\.docID)).count == found.count, "\(what): a row is there twice")
    }

    /// All probes and all candidates give what comparing all rows gives.
    static func expectExact(_ store: LanceVectorStore, _ queries: [[Float]], _ what: String) async throws {
        let rows = try await store.count()
        for query in queries {
            for k in [1, 7, rows, rows + 5] {
                let found = try await store.search(query, topK: k, nprobes: Int.max, refineFactor: rows)
                expectSame(found, try await store.searchExactly(query, topK: k), "\(what), k \(k)")
            }
        }
    }

    @Test(arguments: DistanceMetric.allCases, [4, 8]) func vectorsThatHaveNoDistance(
        _ metric: DistanceMetric, bits: Int
    )
        async throws
    {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        var random = SplitMix64(seed: 3)
        var vectors: [[Float]?] = (0..<400).map { _ in random.vector(6) }
        for row in stride(from: 0, to: 100, by: 10) {
            vectors[row] = nil
            vectors[row + 1] = Array(repeating: 0, count: 6)
            vectors[row + 2]?[row / 20] = .nan
            vectors[row + 3]?[row / 20] = row % 20 == 0 ? .infinity : -.infinity
        }
        try await Self.append(store, vectors, dimension: 6)
        // Fragments without a single vector that can be indexed.
        try await Self.append(store, Array(repeating: nil, count: 30), dimension: 6, prefix: "null")
        try await Self.append(store, Array(repeating: [.nan, 0, 0, 0, 0, 0], count: 30), dimension: 6, prefix: "nan")
        _ = try await store.buildIndex(numPartitions: 5, numBits: bits, metric: metric)
        let eligible = metric == .cosine ? 360 : 370
        for query in [random.vector(6), random.vector(6), [1, 0, 0, 0, 0, 0]] {
            let answer = try await store.explain(query, topK: 1000, nprobes: 5)
            #expect(answer.hits.count == eligible && answer.codesScanned == eligible && answer.tailRows == 0)
            let found = Set(answer.hits.map(\.docID))
            #expect(found.isDisjoint(with: ["d0", "d2", "d3", "d90", "d92", "d93", "null0", "nan3"]))
            #expect(found.contains("d1") == (metric != .cosine))
            #expect(answer.hits.allSatisfy { $0.distance.isFinite })
            Self.expectSame(answer.hits, try await store.searchExactly(query, topK: 1000), "\(metric)")
            #expect(try await store.search(query, topK: 1000, refineFactor: nil).count == eligible)
        }
        let zero = [Float](repeating: 0, count: 6)
        if metric == .cosine {
            #expect(try await failure { try await store.search(zero) }.code == .invalidArgument)
        } else {
            try await Self.expectExact(store, [zero], "a query of zeros")
            #expect(try await store.search(zero, topK: 3).map(\.distance) == (metric == .dot ? [1, 1, 1] : [0, 0, 0]))
        }
    }

    /// A fragment may lack the column: then it has no vectors, and no codes.
    @Test func aFragmentWithoutTheColumn() async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        var random = SplitMix64(seed: 4)
        for prefix in ["a", "b", "c"] {
            try await Self.append(store, (0..<100).map { _ in random.vector(4) }, dimension: 4, prefix: prefix)
        }
        try await ForeignCommit(store).putVersion { snapshot, proto, _ in
            let id = try snapshot.field("vector").id
            for place in proto.fragments[1].files[0].fields.indices
            where proto.fragments[1].files[0].fields[place] == id {
                proto.fragments[1].files[0].fields[place] = -2
            }
        }
        for bits in [4, 8] where bits == 4 {
            _ = try await store.buildIndex(numPartitions: 4, numBits: bits, metric: .l2)
        }
        let hits = try await store.search(random.vector(4), topK: 300, nprobes: 4)
        #expect(hits.count == 200 && !hits.contains { $0.docID.hasPrefix("b") })
        try await Self.expectExact(store, [random.vector(4)], "a column is missing")
        #expect(try await store.row(docID: "b3")?.vector == [])
    }

    @Test(arguments: DistanceMetric.allCases) func rowsThatAreAllEqual(_ metric: DistanceMetric) async throws {
        for (rows, partitions, bits) in [(300, 1, 8), (300, 17, 8), (300, 300, 4), (16, 16, 4)] {
            let place = try Place()
            let store = try place.store(Options(threads: 2, durability: .relaxed))
            let vector: [Float] = [1, 2, 3, 4]
            try await Self.append(store, Array(repeating: vector, count: rows), dimension: 4)
            _ = try await store.buildIndex(numPartitions: partitions, numBits: bits, metric: metric)
            for query in [vector, [4, 3, 2, 1]] {
                let hits = try await store.search(query, topK: rows + 1, nprobes: partitions, refineFactor: 1)
                #expect(hits.map(\.docID) == (0..<rows).map { "d\($0)" })
                #expect(Set(hits.map(\.distance)).count == 1)
                // Ties go to the first rows, also among candidates.
                let first = try await store.search(query, topK: 5, nprobes: partitions, refineFactor: 1)
                #expect(first.map(\.docID) == (0..<5).map { "d\($0)" })
                let byCodes = try await store.search(query, topK: 5, nprobes: partitions, refineFactor: nil)
                #expect(byCodes.map(\.docID) == (0..<5).map { "d\($0)" })
            }
        }
    }

    @Test func smallestTables() async throws {
        for (rows, dimension, partitions, bits) in [
            (256, 1, 1, 8), (256, 1, 256, 8), (256, 3, 256, 8), (16, 2, 1, 4), (16, 2, 16, 4), (17, 4, 17, 4),
            (1000, 1, 30, 8),
        ] {
            for metric in DistanceMetric.allCases {
                let place = try Place()
                let store = try place.store(Options(durability: .relaxed))
                var random = SplitMix64(seed: UInt64(rows * dimension))
                let vectors = (0..<rows).map { _ in random.vector(dimension) }
                try await Self.append(store, vectors, dimension: dimension)
                let stats = try await store.buildIndex(numPartitions: partitions, numBits: bits, metric: metric)
                #expect(stats.numPartitions == partitions)
                try await Self.expectExact(
                    store, [random.vector(dimension), vectors[3]], "\(rows) x \(dimension), \(partitions), \(metric)")
                let one = try await store.search(vectors[5], topK: 1, nprobes: 1)
                #expect(one.count <= 1)
                #expect(try await store.search(vectors[5], topK: rows).count == rows)
            }
        }
    }

    /// Numbers whose squares leave single precision, and those that lose all of it to a common offset.
    @Test(arguments: [1e-30, 1e-15, 1e-3, 1e15, 1e18, 1e19, 1e30, 3e38] as [Float], DistanceMetric.allCases)
    func magnitudes(_ scale: Float, _ metric: DistanceMetric) async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        var random = SplitMix64(seed: 8)
        let vectors = (0..<500).map { _ in random.vector(8).map { $0 * scale } }
        try await Self.append(store, vectors, dimension: 8)
        for bits in [4, 8] {
            do {
                _ = try await store.buildIndex(numPartitions: 6, numBits: bits, metric: metric)
            } catch let error {
                // Too large to be trained on, and it says so.
                #expect(metric != .cosine && scale >= 1e18 && error.code == .invalidArgument, "\(error)")
                continue
            }
            try await Self.expectExact(
                store, [vectors[1], random.vector(8).map { $0 * scale }, random.vector(8)], "\(scale) \(metric)")
        }
    }

    @Test(arguments: DistanceMetric.allCases) func aCommonOffset(_ metric: DistanceMetric) async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        var random = SplitMix64(seed: 9)
        let vectors = (0..<800).map { _ in random.vector(8).map { 1000 + $0 * 0.01 } }
        try await Self.append(store, vectors, dimension: 8)
        _ = try await store.buildIndex(numPartitions: 6, metric: metric)
        try await Self.expectExact(store, [vectors[1], random.vector(8).map { 1000 + $0 * 0.01 }], "\(metric)")
    }
}
