// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceIndex
import LanceTable
import ObjectStorage
import TestSupport
import VectorMath

/// A table in memory with one column of vectors, in one fragment.
struct BuildTable {
    let dimension: Int
    private let floats: [Float]
    private let storage = MemoryStorage()
    private let snapshot: Snapshot

    init(_ floats: [Float], dimension: Int) async throws {
        self.floats = floats
        self.dimension = dimension
        let count = floats.count / dimension
        let bytes = floats.withUnsafeBytes { Region(copying: $0, name: "vectors").view }
        let items = try Column(.float32, count: floats.count, storage: .fixed(bytes))
        let type = DataType.fixedSizeList(.float32, dimension)
        let column = try Column(type, count: count, storage: .fixedSizeList(items: items, length: dimension))
        let schema = Schema([Field("vector", type)])
        let fields = try TableSchema.protos(for: schema)
        let writer = try FragmentWriter(storage, fields: fields, durability: .relaxed)
        try await writer.append(Batch(schema, [column]))
        let fragments = try await writer.finish()
        snapshot = try await Table(storage, .relaxed).commit(
            .overwrite(fields: fields, fragments: fragments, version: .v2_0), basedOn: nil
        ).snapshot
    }

    /// Random vectors of different lengths in clusters, some of which are wider than others.
    init(rows: Int, dimension: Int, seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        func floats(_ size: Float) -> [Float] {
            (0..<dimension).map { _ in Float.random(in: -size...size, using: &random) }
        }
        let centers = (0..<20).map { _ in floats(1) }
        let vectors = (0..<rows).flatMap { row -> [Float] in
            let length = Float.random(in: 0.5...2, using: &random)
            return zip(centers[row % 20], floats(0.2 + 0.05 * Float(row % 20))).map { ($0 + $1) * length }
        }
        try await self.init(vectors, dimension: dimension)
    }

    func row(_ index: Int) -> ArraySlice<Float> { floats[index * dimension..<(index + 1) * dimension] }

    /// Builds an index, and reads it.
    func build(_ metric: Metric, bits: Int = 8, subVectors: Int? = nil, partitions: Int = 20) async throws
        -> IVFPQIndex
    {
        var request = IVFPQBuilder.Request()
        request.metric = metric
        request.bits = bits
        request.subVectors = subVectors
        request.partitions = partitions
        let builder = try IVFPQBuilder(
            request, snapshot, snapshot.field("vector"), dimension: dimension, threads: 2, memoryBudget: nil
        ) { _, _ in }
        let result = try await builder.build(name: "index", durability: .relaxed)
        return try await IVFPQIndex.open(result.segment.uuid, dimension: dimension, in: storage)
    }
}
