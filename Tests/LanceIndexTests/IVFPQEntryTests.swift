// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceIndex
import LanceProto
import LanceTable
import SwiftProtobuf
import Testing
import VectorMath

/// What a manifest says of a segment, and which entries are worth opening.
struct IVFPQEntryTests {
    static let segment = IndexSegment(
        uuid: IVFPQFixtures.uuid, name: "vector_idx", fieldIDs: [4], datasetVersion: 7,
        coveredFragments: RoaringBitmap([0, 2] as [UInt32]), details: .ivfPQ(metric: .cosine, bits: 8, subVectors: 48),
        files: [.init("auxiliary.idx", size: 100), .init("index.idx", size: 20)],
        created: Date(timeIntervalSince1970: 1234.5678))

    @Test func anEntryTellsAll() throws {
        let proto = try Self.segment.proto()
        #expect(proto.uuid.uuid == Data(1...16) && proto.name == "vector_idx" && proto.fields == [4])
        #expect(proto.datasetVersion == 7 && proto.indexVersion == 1 && proto.hasIndexVersion)
        #expect(proto.createdAt == 1_234_567 && !proto.hasBaseID)
        #expect(
            proto.files.map(\.path) == ["auxiliary.idx", "index.idx"] && proto.files.map(\.sizeBytes) == [100, 20])
        #expect(proto.indexDetails.typeURL == "/lance.index.pb.VectorIndexDetails")
        // metric 1, pq { 8 bits, 48 sub-vectors }
        #expect([UInt8](proto.indexDetails.value) == [0x08, 1, 0x22, 4, 0x08, 8, 0x10, 48])
        #expect(
            [UInt8](proto.fragmentBitmap) == [
                0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 16, 0, 0, 0, 0, 0, 2, 0,
            ])
        let entry = try IndexEntry(proto, path: "p")
        #expect(entry.kind == .vector && entry.uuid == IVFPQFixtures.uuid && entry.coveredFragments.values == [0, 2])
        #expect(IVFPQIndex.unsupportedReason(entry) == nil)
    }

    @Test func aTreeHasNoVersionAndNoDetails() throws {
        var segment = Self.segment
        segment.details = .btree
        let proto = try segment.proto()
        #expect(proto.indexDetails.typeURL == "/lance.table.BTreeIndexDetails" && proto.indexDetails.value.isEmpty)
        #expect(proto.indexVersion == 0)
        #expect(try IndexEntry(proto, path: "p").kind == .btree)
    }

    @Test func aSegmentOfNothingIsNotListed() {
        var segment = Self.segment
        segment.coveredFragments = RoaringBitmap()
        #expect(throws: Failure.self) { try segment.proto() }
    }

    typealias Change = @Sendable (inout ProtoIndexMetadata) throws -> Void

    static func details(_ change: (inout ProtoVectorIndexDetails) -> Void) throws -> Data {
        try ProtoVectorIndexDetails.with { change(&$0) }.serializedBytes()
    }

    static let unsupported: [(String, Change)] = [
        ("version is 2", { $0.indexVersion = 2 }),
        ("another place", { $0.baseID = 1 }),
        ("no fragment", { $0.fragmentBitmap = Data(RoaringBitmap().serialized) }),
        ("2 columns", { $0.fields = [1, 2] }),
        ("no vector index", { $0.indexDetails.typeURL = "/lance.table.BTreeIndexDetails" }),
        ("no vector index", { $0.clearIndexDetails() }),
        ("IVF_SQ", { $0.indexDetails.value = try details { $0.sq.numBits = 8 } }),
        ("IVF_RQ", { $0.indexDetails.value = try details { $0.rq.numBits = 1 } }),
        ("IVF_FLAT", { $0.indexDetails.value = try details { $0.flat = .init() } }),
        ("hamming", { $0.indexDetails.value = try details { $0.metricType = .hamming } }),
        (
            "graph",
            {
                $0.indexDetails.value = try details {
                    $0.pq.numBits = 8
                    $0.hnswIndexConfig.maxLevel = 7
                }
            }
        ),
        ("not well-formed", { $0.indexDetails.value = Data([0x22, 100]) }),
    ]

    @Test(arguments: unsupported.indices) func entriesThatAreNotRead(_ number: Int) throws {
        let (word, change) = Self.unsupported[number]
        var proto = try Self.segment.proto()
        try change(&proto)
        let reason = try IVFPQIndex.unsupportedReason(IndexEntry(proto, path: "p"))
        #expect(reason?.contains(word) == true, "\(reason ?? "none")")
    }

    static let supported: [Change] = [
        {
            $0.indexDetails.typeURL = "/lance.table.VectorIndexDetails"; $0.indexDetails.value = Data()
        },
        { $0.indexDetails.value = Data() },
        { $0.indexVersion = 0 },
        { $0.clearIndexVersion() },
        {
            $0.indexDetails.value = try details {
                $0.pq.numBits = 4; $0.runtimeHints = ["a": "b"]
            }
        },
    ]

    @Test(arguments: supported.indices) func entriesThatMayBeRead(_ number: Int) throws {
        var proto = try Self.segment.proto()
        try Self.supported[number](&proto)
        #expect(try IVFPQIndex.unsupportedReason(IndexEntry(proto, path: "p")) == nil)
    }
}
