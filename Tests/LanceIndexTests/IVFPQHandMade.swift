// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceIndex
import LanceProto
import ObjectStorage
import SwiftProtobuf
import TestSupport

/// An IVF_PQ segment of l2, two partitions and 4-bit codes, whose files say what a test wants, true or not.
struct IVFPQHandMade: Sendable {
    static let dimension = 4

    var kind = #"{"type":"IVF_PQ","distance_type":"l2"}"#
    var metric = "l2"
    var quantizer: [String: String] = [
        "codebook_position": "2", "nbits": "4", "num_sub_vectors": "2", "dimension": "4", "codebook_tensor": "[]",
        "transposed": "true",
    ]
    /// The whole of `storage_metadata`, where it is not an array of the quantizer.
    var storage: String?
    var indexBuffer = "1"
    var codesBuffer = "1"
    var centroids: ProtoTensor
    var book: ProtoTensor
    var indexExtents: ProtoIVF
    var codesExtents: ProtoIVF
    var rowIDs: Column
    var codes: Column
    var rowIDName = "_rowid"
    /// Rows of each page.
    var pages: [Int]

    /// - Parameter lengths: rows of the two partitions.
    init(lengths: [Int] = [3, 4]) throws {
        let rows = lengths.reduce(0, +)
        centroids = Self.tensor((0..<8).map { Float($0) }, [2, 4])
        book = Self.tensor((0..<64).map { Float($0) / 8 }, [16, 4])
        indexExtents = .with {
            $0.offsets = [0, 0]
            $0.lengths = [0, 0]
        }
        codesExtents = .with {
            $0.offsets = [0, UInt64(lengths[0])]
            $0.lengths = lengths.map { UInt32($0) }
        }
        rowIDs = try Self.column(.uint64, (0..<rows).map { UInt64($0) << 32 | 7 })
        codes = try Self.codes((0..<rows).map { UInt8(truncatingIfNeeded: $0 * 31 + 1) }, width: 1)
        pages = [rows]
    }

    static func tensor(_ numbers: [Float], _ shape: [UInt32]) -> ProtoTensor {
        .with {
            $0.dataType = .float32
            $0.shape = shape
            $0.data = numbers.withUnsafeBytes { Data($0) }
        }
    }

    static func column<T: BitwiseCopyable>(_ type: DataType, _ values: [T], validity: [Bool]? = nil) throws -> Column {
        try values.withUnsafeBytes { try Column(type, count: values.count, copying: $0, validity: validity) }
    }

    static func codes(_ bytes: [UInt8], width: Int) throws -> Column {
        try Column(
            .fixedSizeList(.uint8, width), count: bytes.count / width,
            storage: .fixedSizeList(items: column(.uint8, bytes), length: width))
    }

    func write() async throws -> MemoryStorage {
        let storage = MemoryStorage()
        let directory = IndexDirectory(IVFPQFixtures.uuid)
        let marker = Schema([Field("__flat_marker", .uint64, nullable: false)])
        let index = try await DataFileWriter(
            directory.key("index.idx"), in: storage, fields: TableSchema.protos(for: marker), schema: marker,
            metadata: ["lance:index": Data(kind.utf8), "lance:ivf": Data(indexBuffer.utf8)], durability: .relaxed)
        var extents = indexExtents
        extents.centroidsTensor = centroids
        _ = try await index.addGlobalBuffer(ByteView(copying: extents.serializedBytes() as [UInt8]))
        _ = try await index.finish()

        let schema = Schema([Field(rowIDName, rowIDs.type), Field("__pq_code", codes.type)])
        let text = "{" + quantizer.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
        let json = try self.storage ?? String(decoding: JSONEncoder().encode([text]), as: UTF8.self)
        let file = try await DataFileWriter(
            directory.key("auxiliary.idx"), in: storage, fields: TableSchema.protos(for: schema), schema: schema,
            metadata: [
                "distance_type": Data(metric.utf8), "lance:ivf": Data(codesBuffer.utf8),
                "storage_metadata": Data(json.utf8),
            ], durability: .relaxed)
        _ = try await file.addGlobalBuffer(ByteView(copying: codesExtents.serializedBytes() as [UInt8]))
        _ = try await file.addGlobalBuffer(ByteView(copying: book.serializedBytes() as [UInt8]))
        let batch = try Batch(schema, [rowIDs, codes])
        var start = 0
        for rows in pages {
            try await file.append(batch.slice(start..<start + rows))
            try await file.endPages()
            start += rows
        }
        _ = try await file.finish()
        return storage
    }

    func open() async throws -> IVFPQIndex {
        try await IVFPQIndex.open(IVFPQFixtures.uuid, dimension: Self.dimension, in: write())
    }
}
