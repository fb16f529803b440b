// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import TestSupport
import Testing

/// Rows that keep their ids when they move.
struct RowIDTests {
    typealias Segment = ProtoRowIdSegment

    private static func range(_ start: UInt64, _ end: UInt64) -> Segment {
        .with {
            $0.range.start = start
            $0.range.end = end
        }
    }

    private static func wide(_ values: [UInt64]) -> ProtoRowIdArray {
        .with { $0.u64Array.values = values.withUnsafeBytes { Data($0) } }
    }

    private static func narrow(_ base: UInt64, _ offsets: [UInt16]) -> ProtoRowIdArray {
        .with {
            $0.u16Array.base = base
            $0.u16Array.offsets = offsets.withUnsafeBytes { Data($0) }
        }
    }

    private static func bytes(_ segments: [Segment]) throws -> Data {
        try ProtoRowIdSequence.with { $0.segments = segments }.serializedBytes()
    }

    /// A version of fragments whose rows have the given ids; of 10 rows each.
    private static func snapshot(_ sequences: [[Segment]], deleting deleted: [Int: [UInt32]] = [:]) async throws
        -> Snapshot
    {
        let storage = MemoryStorage()
        let table = Table(storage)
        try await TestTable.overwrite(0..<10, table, basedOn: nil)
        for number in 1..<max(sequences.count, 2) { try await TestTable.append(number * 10..<number * 10 + 10, table) }
        var paths: [String: [UInt8]] = [:]
        let newest = try await table.latest()
        try await TestTable.putVersion(
            storage, after: newest,
            { proto in
                proto.readerFeatureFlags |= FeatureFlags.stableRowIDs.rawValue
                for (number, sequence) in sequences.enumerated() {
                    proto.fragments[number].inlineRowIds = (try? bytes(sequence)) ?? Data()
                    guard let rows = deleted[number] else { continue }
                    proto.fragments[number].deletionFile = .with {
                        $0.fileType = .bitmap
                        $0.readVersion = 1
                        $0.id = 7
                        $0.numDeletedRows = UInt64(rows.count)
                    }
                    paths["_deletions/\(number)-1-7.bin"] = RoaringBitmap(rows).serialized
                }
                proto.fragments.removeLast(proto.fragments.count - sequences.count)
            })
        for (path, bytes) in paths { _ = try await storage.putIfAbsent(ObjectKey(path), bytes, .relaxed) }
        return try await table.latest()
    }

    private static func liveness(_ snapshot: Snapshot) async throws -> RowLiveness {
        let entry = try IndexEntry(
            .with {
                $0.uuid.uuid = Data(repeating: 1, count: 16)
                $0.indexDetails.typeURL = "/lance.index.pb.VectorIndexDetails"
                $0.fragmentBitmap = Data(RoaringBitmap([0, 1, 2]).serialized)
            }, path: "test")
        return try await RowLiveness(entry, in: snapshot)
    }

    /// Each kind of segment gives the ids that it stands for, both ways.
    @Test func segments() async throws {
        let holes = Segment.with {
            $0.rangeWithHoles.start = 100
            $0.rangeWithHoles.end = 113
            $0.rangeWithHoles.holes = Self.narrow(100, [12, 0, 5])
        }
        let bitmap = Segment.with {
            $0.rangeWithBitmap.start = 200
            $0.rangeWithBitmap.end = 214
            $0.rangeWithBitmap.bitmap = Data([0b1011_0111, 0b0010_1110])
        }
        let sorted = Segment.with { $0.sortedArray = Self.narrow(70000, [1, 2, 3, 9]) }
        let any = Segment.with { $0.array = Self.wide([.max - 1, 7, 5, 6]) }
        let snapshot = try await Self.snapshot([[holes], [bitmap], [sorted, Self.range(30, 32), any]])
        let expected: [[UInt64]] = [
            [101, 102, 103, 104, 106, 107, 108, 109, 110, 111],
            [200, 201, 202, 204, 205, 207, 209, 210, 211, 213],
            [70001, 70002, 70003, 70009, 30, 31, .max - 1, 7, 5, 6],
        ]
        let liveness = try await Self.liveness(snapshot)
        for (reader, ids) in zip(snapshot.fragmentReaders, expected) {
            let found = try await snapshot.rowIDs(of: reader)
            let every = (0..<10).map { found.id(at: $0) }
            #expect(every == ids)
            var cut: [UInt64] = []
            for run in found.runs(in: 3..<9) { cut += (0..<UInt64(run.count)).map { run.firstID + $0 } }
            #expect(cut == Array(ids[3..<9]))
            for (offset, id) in ids.enumerated() {
                #expect(
                    liveness.address(ofRowID: id) == RowAddress(fragment: reader.id, offset: UInt32(offset)), "\(id)")
            }
        }
        for absent: UInt64 in [0, 4, 8, 29, 32, 100, 105, 112, 203, 206, 208, 212, 214, 70000, 70004, .max] {
            #expect(liveness.address(ofRowID: absent) == nil, "\(absent)")
        }
    }

    /// An updated row has its id twice: where it was deleted, and where it is.
    @Test func updatedRows() async throws {
        let moved = Segment.with { $0.array = Self.wide([4, 9, 20, 21, 22, 23, 24, 25, 26, 27]) }
        let snapshot = try await Self.snapshot([[Self.range(0, 10)], [moved]], deleting: [0: [4, 9]])
        let liveness = try await Self.liveness(snapshot)
        #expect(liveness.address(ofRowID: 3) == RowAddress(fragment: 0, offset: 3))
        #expect(liveness.address(ofRowID: 4) == RowAddress(fragment: 1, offset: 0))
        #expect(liveness.address(ofRowID: 9) == RowAddress(fragment: 1, offset: 1))
        #expect(liveness.address(ofRowID: 10) == nil)
        #expect(liveness.address(ofRowID: 27) == RowAddress(fragment: 1, offset: 9))
    }

    @Test func brokenSequences() async throws {
        func isRefused(_ sequences: [Segment]...) async throws -> Bool {
            let snapshot = try await Self.snapshot(sequences)
            do {
                _ = try await Self.liveness(snapshot)
                return false
            } catch let failure as Failure {
                #expect(failure.code == .corrupt, "\(failure)")
                return true
            }
        }
        #expect(try await !isRefused([Self.range(0, 10)]))
        #expect(try await isRefused([Self.range(0, 9)]), "a row without an id")
        #expect(try await isRefused([Self.range(0, .max)]), "more ids than rows")
        #expect(try await isRefused([Self.range(10, 0)]), "a range backwards")
        #expect(try await isRefused([Self.range(0, 10)], [Self.range(9, 19)]), "two rows of one id")
        #expect(try await isRefused([Segment()]), "a segment of no kind")
        #expect(
            try await isRefused([
                .with {
                    $0.rangeWithHoles.start = 0
                    $0.rangeWithHoles.end = 11
                    $0.rangeWithHoles.holes = Self.narrow(0, [11])
                }
            ]), "a hole outside its range")
        #expect(
            try await isRefused([
                .with {
                    $0.rangeWithBitmap.end = 1 << 60
                    $0.rangeWithBitmap.bitmap = Data([255, 3])
                }
            ]), "a bitmap of fewer bits than ids")
        #expect(
            try await isRefused([.with { $0.array = Self.narrow(.max - 3, Array(0..<10)) }]), "ids past the last one")
    }

    /// Appended rows get the next ids, also where the table is replaced, and versions to tell when they came.
    @Test func appendsGiveIDs() async throws {
        let storage = MemoryStorage()
        let table = Table(storage)
        try await TestTable.overwrite(0..<10, table, basedOn: nil)
        let made = try await table.latest()
        try await TestTable.putVersion(
            storage, after: made,
            { proto in
                proto.readerFeatureFlags |= FeatureFlags.stableRowIDs.rawValue
                proto.writerFeatureFlags |= FeatureFlags.stableRowIDs.rawValue
                proto.nextRowID = 500
                proto.fragments[0].inlineRowIds = (try? Self.bytes([Self.range(490, 500)])) ?? Data()
            })
        let first = try await TestTable.append(10..<17, table)
        #expect(first.manifest.proto.nextRowID == 507)
        let reader = try #require(first.fragmentReaders.last)
        #expect(try await first.rowIDs(of: reader).runs.map { [UInt64($0.count), $0.firstID] } == [[7, 500]])
        let versions = try ProtoRowVersionSequence(serializedBytes: reader.fragment.proto.inlineCreatedAtVersions)
        #expect(versions.runs.map(\.version) == [first.version])
        #expect(versions.runs.first?.span == Self.range(0, 7))
        let replaced = try await TestTable.overwrite(0..<3, table, basedOn: first)
        let flags = FeatureFlags(rawValue: replaced.manifest.proto.readerFeatureFlags)
        #expect(flags == .stableRowIDs && replaced.manifest.proto.nextRowID == 510)
        let only = try #require(replaced.fragmentReaders.first)
        #expect(try await replaced.rowIDs(of: only).id(at: 2) == 509)
        // Other tables have none.
        let plain = Table(MemoryStorage())
        let snapshot = try await TestTable.overwrite(0..<4, plain, basedOn: nil)
        #expect(snapshot.fragments.first?.proto.rowIDSequence == nil && snapshot.manifest.proto.nextRowID == 0)
        let address = try #require(snapshot.fragmentReaders.first)
        #expect(try await snapshot.rowIDs(of: address).runs.map { [UInt64($0.count), $0.firstID] } == [[4, 0]])
    }
}
