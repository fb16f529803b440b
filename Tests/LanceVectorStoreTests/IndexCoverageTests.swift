// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import LanceTable
import LanceVectorStore
import SwiftProtobuf
import TestSupport
import Testing

/// Indices and segments that cover different fragments, some of which are gone.
struct IndexCoverageTests {
    private static let dimension = 6

    /// Three fragments of 300 rows, and the entries of two indices: over the first fragment, and over the first two.
    private static func table(_ place: Place, _ first: DistanceMetric, _ second: DistanceMetric) async throws -> (
        store: LanceVectorStore, entries: [ProtoIndexMetadata], random: SplitMix64
    ) {
        let store = try place.store(Options(durability: .relaxed))
        var random = SplitMix64(seed: 21)
        var entries: [ProtoIndexMetadata] = []
        for (number, metric) in [first, second, nil].enumerated() {
            let vectors = (0..<300).map { _ in random.vector(dimension) }
            try await IndexEdgeTests.append(store, vectors, dimension: dimension, prefix: "\(number)/")
            guard let metric else { break }
            _ = try await store.buildIndex(numPartitions: 4 + number, metric: metric, seed: UInt64(number))
            entries += try await store.table.latest().manifest.indices
        }
        try check(entries.count == 2, "\(entries.count) entries")
        return (store, entries, random)
    }

    private static func list(_ store: LanceVectorStore, _ entries: [ProtoIndexMetadata]) async throws {
        try await ForeignCommit(store).putVersion { _, _, indices in indices = entries }
    }

    private static func covering(_ entry: ProtoIndexMetadata, _ fragments: [UInt32], name: String = "vec_idx")
        -> ProtoIndexMetadata
    {
        var entry = entry
        entry.name = name
        entry.fragmentBitmap = Data(RoaringBitmap(fragments).serialized)
        return entry
    }

    private static func expect(
        _ store: LanceVectorStore, _ random: inout SplitMix64, index: String?, partitions: Int, tail: Int,
        _ what: String
    ) async throws {
        // An older store that has seen other versions, and a new one.
        for store in [store, try LanceVectorStore(path: store.path)] {
            let answer = try await store.explain(random.vector(dimension), nprobes: Int.max)
            #expect(
                answer.indexName == index && answer.partitions == partitions && answer.tailRows == tail,
                "\(what): \(answer)")
            try await IndexEdgeTests.expectExact(store, [random.vector(dimension)], what)
            #expect(try await store.hasVectorIndex() == (index != nil))
        }
    }

    @Test func ofTwoIndicesTheOneThatCoversMoreIsUsed() async throws {
        let place = try Place()
        var (store, entries, random) = try await Self.table(place, .l2, .cosine)
        try await Self.expect(store, &random, index: "vec_idx", partitions: 5, tail: 300, "as built")
        let old = Self.covering(entries[0], [0], name: "old")
        try await Self.list(store, [old, entries[1]])
        try await Self.expect(store, &random, index: "vec_idx", partitions: 5, tail: 300, "old and new")
        try await Self.list(store, [entries[1], old])
        try await Self.expect(store, &random, index: "vec_idx", partitions: 5, tail: 300, "new and old")
        // Of two that cover as much, the newer one.
        try await Self.list(store, [Self.covering(entries[1], [0], name: "new"), old])
        try await Self.expect(store, &random, index: "new", partitions: 5, tail: 600, "as many")
        // Fragments that are gone count for nothing.
        try await Self.list(store, [old, Self.covering(entries[1], [7, 8, 9], name: "gone")])
        try await Self.expect(store, &random, index: "old", partitions: 4, tail: 600, "one is gone")
        try await Self.list(store, [Self.covering(entries[1], [7, 8, 9], name: "gone")])
        try await Self.expect(store, &random, index: nil, partitions: 0, tail: 900, "all are gone")
        try await Self.list(store, [Self.covering(entries[1], [0, 1, 99])])
        try await Self.expect(store, &random, index: "vec_idx", partitions: 5, tail: 300, "a fragment too many")
        // Live rows decide: of the first fragment none is left.
        try await Self.list(store, [old, Self.covering(entries[1], [1], name: "new")])
        try await ForeignCommit(store).delete([0: Array(0..<299)])
        try await Self.expect(store, &random, index: "new", partitions: 5, tail: 301, "one row left")
    }

    /// What a segment covers that is of no use counts for nothing, whether the manifest tells or only the files do.
    @Test(arguments: [true, false]) func segmentsThatAreNotRead(manifestTells: Bool) async throws {
        let place = try Place()
        var (store, entries, random) = try await Self.table(place, .l2, .l2)
        var unread = Self.covering(entries[1], [0, 1, 2], name: "old")
        unread.uuid.uuid = Data(repeating: 7, count: 16)
        if manifestTells {
            unread.indexDetails.value = try ProtoVectorIndexDetails.with { $0.sq.numBits = 8 }.serializedBytes()
        } else {
            unread.indexDetails.value = Data()
            let directory = try #require(entries.last).uuid.uuid
            let from = URL(filePath: place.table).appending(path: "_indices/\(Self.text(directory))")
            let to = URL(filePath: place.table).appending(path: "_indices/\(Self.text(unread.uuid.uuid))")
            try FileManager.default.copyItem(at: from, to: to)
            var bytes = try Data(contentsOf: to.appending(path: "index.idx"))
            bytes.replaceSubrange(try #require(bytes.range(of: Data("IVF_PQ".utf8))), with: Data("IVF_SQ".utf8))
            try IndexDamageTests.replace(to.appending(path: "index.idx").path, bytes)
        }
        try await Self.list(store, [Self.covering(entries[0], [0], name: "old"), unread, entries[1]])
        try await Self.expect(store, &random, index: "vec_idx", partitions: 5, tail: 300, "not read")
        try await Self.list(store, [Self.covering(entries[0], [0], name: "old"), unread])
        try await Self.expect(store, &random, index: "old", partitions: 4, tail: 600, "none but old")
        try await Self.list(store, [unread])
        try await Self.expect(store, &random, index: nil, partitions: 0, tail: 900, "nothing else")
    }

    private static func text(_ uuid: Data) -> String {
        uuid.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }.uuidString.lowercased()
    }

    @Test func segmentsOfOneNameAreOneIndex() async throws {
        let place = try Place()
        var (store, entries, random) = try await Self.table(place, .l2, .l2)
        try await Self.list(store, [entries[0], Self.covering(entries[1], [1])])
        try await Self.expect(store, &random, index: "vec_idx", partitions: 9, tail: 300, "two segments")
        // Partitions to probe are those of each segment.
        let one = try await store.explain(random.vector(Self.dimension), nprobes: 3)
        #expect(one.nprobes == 3 && one.largestSegmentPartitions == 5 && one.partitionsProbed == 6)
        let all = try await store.explain(random.vector(Self.dimension), nprobes: 100)
        #expect(all.nprobes == 5 && all.partitionsProbed == 9)
        // More than were meant, because many rows are wanted.
        let more = try await store.explain(random.vector(Self.dimension), topK: 900, refineFactor: nil)
        #expect(more.nprobes == 5 && more.partitionsProbed == 9)
        // Both know the rows of the first fragment, and the newer one answers for them.
        try await Self.list(store, entries)
        try await Self.expect(store, &random, index: "vec_idx", partitions: 9, tail: 300, "overlapping segments")
        // The newer one knows rows that it does not answer for.
        try await Self.list(store, [Self.covering(entries[1], [0]), Self.covering(entries[0], [1, 0])])
        let answer = try await store.explain(random.vector(Self.dimension), topK: 900, nprobes: Int.max)
        #expect(answer.hits.count == 600 && answer.tailRows == 300)
        #expect(Set(answer.hits.map(\.docID)).count == 600)
    }

    @Test func segmentsOfAnotherMetricAreLeftOut() async throws {
        let place = try Place()
        var (store, entries, random) = try await Self.table(place, .dot, .l2)
        try await Self.list(store, [entries[0], Self.covering(entries[1], [1])])
        try await Self.expect(store, &random, index: "vec_idx", partitions: 5, tail: 600, "two metrics")
    }

    @Test func aPartitionWhoseRowsAreAllDeleted() async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        var random = SplitMix64(seed: 22)
        // Four heaps far from each other, a partition each.
        let vectors = (0..<400).map { row in
            random.vector(Self.dimension).enumerated().map { $0.offset == row % 4 ? 50 : $0.element }
        }
        try await IndexEdgeTests.append(store, vectors, dimension: Self.dimension)
        _ = try await store.buildIndex(numPartitions: 4, metric: .l2)
        let query = vectors[0]
        let before = try await store.search(query, topK: 10, nprobes: 1)
        #expect(before.count == 10 && before[0].docID == "d0")
        try await ForeignCommit(store).delete([0: (0..<100).map { UInt32($0 * 4) }])
        let probed = try await store.explain(query, topK: 10, nprobes: 1)
        #expect(probed.hits.isEmpty && probed.codesScanned == 100 && probed.codesResolved == 0)
        // Who does not say how many partitions gets as many rows as there are.
        #expect(try await store.search(query, topK: 400).count == 300)
        #expect(try await store.search(query, topK: 400, refineFactor: nil).count == 300)
        try await IndexEdgeTests.expectExact(store, [query], "a partition is deleted")
        try await ForeignCommit(store).delete([0: (0..<400).filter { $0 % 4 > 0 }])
        for refine in [nil, 1, 10] {
            #expect(try await store.search(query, topK: 10, refineFactor: refine).isEmpty)
        }
        #expect(try await store.count() == 0)
        let error = try await failure { try await store.buildIndex(metric: .l2) }
        #expect(error.code == .invalidArgument && error.message.contains("0"))
    }
}
