// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceIndex
import LanceProto
import LanceTable
import SwiftProtobuf
import TestSupport
import Testing

/// Which indices of a version are used, and for which fragments.
struct BTreeLivenessTests {
    /// A table of three fragments, with the entry of an index over the first two that is not committed.
    private static func table() async throws -> (BTreeTable, ProtoIndexMetadata) {
        var table = BTreeTable(.utf8)
        try await table.append([.string("a"), .string("b")])
        try await table.append([.string("c")])
        let entry = try await table.build().segment.proto()
        try await table.append([.string("d"), .string("e"), .string("f")])
        return (table, entry)
    }

    private static func isUsable(_ change: (inout ProtoIndexMetadata) -> Void) async throws -> Bool {
        var (table, entry) = try await table()
        change(&entry)
        try await table.putVersion(indices: [entry])
        let snapshot = try await table.table.latest()
        let index = try #require(snapshot.indices.first)
        // An index of other columns may be usable, for them.
        #expect(!snapshot.hasLiveIndex(index.kind, on: "key") || snapshot.isUsable(index))
        return snapshot.hasLiveIndex(.btree, on: "key")
    }

    @Test func entries() async throws {
        #expect(try await Self.isUsable { _ in })
        #expect(try await Self.isUsable { $0.clearIndexVersion() })
        #expect(try await Self.isUsable { $0.indexVersion = 1 })
        #expect(try await !Self.isUsable { $0.indexVersion = 2 })
        #expect(try await !Self.isUsable { $0.indexVersion = -1 })
        #expect(try await !Self.isUsable { $0.baseID = 0 })
        #expect(try await !Self.isUsable { $0.clearIndexDetails() })
        #expect(try await !Self.isUsable { $0.indexDetails.typeURL = "/lance.table.BitmapIndexDetails" })
        #expect(try await !Self.isUsable { $0.indexDetails.typeURL = "/lance.table.VectorIndexDetails" })
        #expect(try await !Self.isUsable { $0.fragmentBitmap = .init() })
        #expect(try await !Self.isUsable { $0.fragmentBitmap = .init(RoaringBitmap([7, 9]).serialized) })
        #expect(try await Self.isUsable { $0.fragmentBitmap = .init(RoaringBitmap([1, 9]).serialized) })
        #expect(try await !Self.isUsable { $0.fields = [0, 0] })
        #expect(try await !Self.isUsable { $0.fields = [3] })
    }

    @Test func vectorVersions() async throws {
        for (version, isSupported) in [(-1, false), (0, true), (1, true), (2, false)] {
            var (table, entry) = try await Self.table()
            entry.indexDetails.typeURL = "/lance.index.pb.VectorIndexDetails"
            entry.indexVersion = Int32(version)
            try await table.putVersion(indices: [entry])
            let snapshot = try await table.table.latest()
            #expect(snapshot.hasLiveIndex(.vector, on: "key") == isSupported)
            #expect(snapshot.indices.first.map { snapshot.isLive($0) } == true)
        }
    }

    /// Where rows have ids of their own, or moved without the index, its numbers are no addresses.
    @Test func addressesThatAreNone() async throws {
        let (table, entry) = try await Self.table()
        try await table.putVersion(indices: [entry]) { $0.readerFeatureFlags |= FeatureFlags.stableRowIDs.rawValue }
        #expect(try await !table.table.latest().hasLiveIndex(.btree, on: "key"))
        let (moved, index) = try await Self.table()
        var system = index
        system.name = "__lance_frag_reuse"
        system.indexDetails.typeURL = "/lance.table.FragmentReuseIndexDetails"
        system.uuid.uuid = .init(repeating: 3, count: 16)
        try await moved.putVersion(indices: [index, system])
        #expect(try await !moved.table.latest().hasLiveIndex(.btree, on: "key"))
    }

    @Test func coverage() async throws {
        var (table, entry) = try await Self.table()
        try await table.putVersion(indices: [entry])
        try await table.delete { address, _ in address.fragment == 0 && address.offset == 1 }
        let snapshot = try await table.table.latest()
        let index = try #require(snapshot.indices.first)
        #expect(snapshot.fragments.map { snapshot.covers(index, $0) } == [true, true, false])
        #expect(snapshot.uncoveredFragments(of: [index]).map(\.id) == [2])
        #expect(snapshot.uncoveredFragments(of: []).map(\.id) == [0, 1, 2])
        #expect(try await snapshot.coveredRows(of: [index]) == 2)
        let liveness = try await RowLiveness(index, in: snapshot)
        for (fragment, offset, isLive) in [(0, 0, true), (0, 1, false), (1, 0, true), (2, 0, false), (5, 0, false)] {
            let address = RowAddress(fragment: UInt32(fragment), offset: UInt32(offset))
            #expect(liveness.isLive(address) == isLive, "\(address)")
        }
    }

    /// The one that covers the most rows, of equals the newest; the segments of a name newest first.
    @Test func ranking() async throws {
        let (table, entry) = try await Self.table()
        func variant(_ name: String, _ number: UInt8, _ fragments: [UInt32], version: UInt64, created: UInt64 = 1)
            -> ProtoIndexMetadata
        {
            var proto = entry
            proto.name = name
            proto.uuid.uuid = .init(repeating: number, count: 16)
            proto.fragmentBitmap = .init(RoaringBitmap(fragments).serialized)
            proto.datasetVersion = version
            proto.createdAt = created
            return proto
        }
        try await table.putVersion(indices: [
            variant("two", 1, [0, 1], version: 9), variant("all", 2, [0], version: 2),
            variant("all", 3, [1, 2], version: 3), variant("new", 4, [1, 0], version: 9, created: 5),
            variant("old", 5, [0, 1, 7, 8, 9], version: 1),
        ])
        let snapshot = try await table.table.latest()
        let ranked = try await snapshot.rankedIndices(.btree, on: snapshot.field("key"))
        #expect(ranked.map(\.name) == ["all", "new", "two", "old"])
        #expect(ranked.first?.segments.map(\.datasetVersion) == [3, 2])
    }
}
