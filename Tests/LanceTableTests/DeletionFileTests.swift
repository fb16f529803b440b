// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import Testing
import TestSupport

struct DeletionFileTests {
    struct Golden: Decodable {
        var rows: UInt64
        var deleted: [UInt32]
    }

    static func golden() throws -> [String: Golden] {
        try Fixtures.decode([String: Golden].self, "expected-deletions.json")
    }

    /// A fragment of `rows` rows with a deletion file of these bytes, and no data.
    static func fragment(_ bytes: [UInt8], isBitmap: Bool, rows: UInt64, says count: UInt64 = 0) async throws
        -> FragmentReader
    {
        let storage = MemoryStorage()
        try await TestTable.putVersion(storage, after: nil) { proto in
            proto.fragments = [
                .with {
                    $0.physicalRows = rows
                    $0.deletionFile = .with {
                        $0.fileType = isBitmap ? .bitmap : .arrowArray
                        $0.readVersion = 7
                        $0.id = UInt64.max
                        $0.numDeletedRows = count
                    }
                }
            ]
        }
        let name = "_deletions/0-7-18446744073709551615." + (isBitmap ? "bin" : "arrow")
        _ = try await storage.putIfAbsent(ObjectKey(name), bytes, .relaxed)
        return try #require(try await Table(storage).latest().fragment(0))
    }

    @Test(arguments: [
        "deletions-few.arrow", "deletions-many.bin", "deletions-pyarrow-plain.arrow", "deletions-pyarrow-zstd.arrow",
    ]) func goldenFiles(_ name: String) async throws {
        let golden = try #require(try Self.golden()[name])
        let count = UInt64(golden.deleted.count)
        for says in [0, count] {
            let reader = try await Self.fragment(
                Fixtures.bytes(name), isBitmap: name.hasSuffix("bin"), rows: golden.rows, says: says)
            let vector = try #require(try await reader.deletions())
            #expect(vector.offsets == golden.deleted)
            #expect(try await reader.liveRows() == Int(golden.rows - count))
            let set = Set(golden.deleted)
            for offset in 0..<UInt32(golden.rows) + 2 { #expect(vector.contains(offset) == set.contains(offset)) }
            var random = SplitMix64(seed: 61)
            for _ in 0..<50 {
                let range = random.range(in: Int(golden.rows))
                #expect(Array(vector.slice(range)) == golden.deleted.filter { range.contains(Int($0)) })
            }
        }
    }

    @Test func othersAreRefused() async throws {
        func expect(
            _ codes: [Failure.Code], _ what: String, _ bytes: [UInt8], _ isBitmap: Bool, rows: UInt64, says: UInt64 = 0
        ) async throws {
            let reader = try await Self.fragment(bytes, isBitmap: isBitmap, rows: rows, says: says)
            try await expectFailure(codes, what) { try await reader.deletions() }
        }
        try await expect([.unsupported], "lz4", Fixtures.bytes("deletions-pyarrow-lz4.arrow"), false, rows: 100)
        let arrow = try Fixtures.bytes("deletions-few.arrow")
        let bitmap = RoaringBitmap([1, 5, 99]).serialized
        try await expect([.corrupt], "arrow as bitmap", arrow, true, rows: 400)
        try await expect([.corrupt], "bitmap as arrow", bitmap, false, rows: 400)
        try await expect([.corrupt], "a row beyond the fragment", bitmap, true, rows: 99)
        try await expect([.corrupt], "a row beyond the fragment", arrow, false, rows: 300)
        try await expect([.corrupt], "more rows than the fragment has", bitmap, true, rows: 2)
        try await expect([.corrupt], "another count", bitmap, true, rows: 100, says: 2)
        try await expect([.corrupt], "nothing", [], true, rows: 100)
        try await expect([.corrupt], "nothing", [], false, rows: 100)
    }

    /// Ten bytes a container stand for 65,536 rows each: four billion of them must not be taken into memory.
    @Test func aBombThrows() async throws {
        var writer = ByteWriter()
        writer.write(UInt32(0xffff) << 16 | 12347)
        writer.write(repeating: 0xff, count: 8192)
        for key in 0..<65_536 {
            writer.write(UInt16(key))
            writer.write(UInt16.max)
        }
        writer.write(repeating: 0, count: 4 * 65_536)
        for _ in 0..<65_536 { writer.write([1, 0, 0, 0, 0xff, 0xff]) }
        let bytes = writer.bytes
        try await HeavyWork.bounded(500 << 20) {
            let reader = try await Self.fragment(bytes, isBitmap: true, rows: UInt64(UInt32.max))
            try await expectFailure([.corrupt], "a bomb") { try await reader.deletions() }
        }
    }

    @Test func vectorsFromOffsets() {
        let vector = DeletionVector([9, 3, 3, 7])
        #expect(vector.offsets == [3, 7, 9] && vector.count == 3)
        #expect(Array(vector.slice(4..<9)) == [7])
        #expect(Array(vector.slice(0..<Int.max)) == [3, 7, 9])
        #expect(vector.slice(5..<5).isEmpty && vector.slice(10..<20).isEmpty)
    }
}
