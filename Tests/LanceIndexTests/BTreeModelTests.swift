// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceIndex
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import TestSupport
import Testing

/// A built index against a plain dictionary of the same rows.
struct BTreeModelTests {
    /// Texts that sort badly: common beginnings, ends, zero bytes, several scripts, lengths around 8, long ones.
    static func text(_ random: inout SplitMix64) -> String {
        switch random.below(12) {
        case 0: return ""
        case 1: return String(repeating: "a", count: random.below(40))
        case 2: return "document-2026/chapter \(random.below(500))"
        case 3: return String(repeating: "\0", count: random.below(12))
        case 4: return "prefix8!" + String(repeating: "\0", count: random.below(3))
        case 5: return ["é", "e\u{301}", "日本語", "😀", "Ω", "\u{10FFFF}"][random.below(6)] + "\(random.below(20))"
        case 6: return "it's; DROP TABLE \"x\"\n\(random.below(9))"
        case 7: return String(repeating: "long ", count: 200 + random.below(3)) + "\(random.below(30))"
        default: return "n\(100_000_000 + random.below(3000))"
        }
    }

    static func value(_ type: DataType, _ random: inout SplitMix64, nulls: Double) -> Value {
        if random.chance(nulls) { return .null }
        let bits = random.next()
        let isSmall = random.chance(0.5)
        switch type {
        case .int8: return .int(Int64(Int8(truncatingIfNeeded: bits)))
        case .int16: return .int(Int64(Int16(truncatingIfNeeded: bits)))
        case .int32: return .int(isSmall ? Int64(bits % 100) - 50 : Int64(Int32(truncatingIfNeeded: bits)))
        case .int64: return .int(isSmall ? Int64(bits % 100) - 50 : Int64(truncatingIfNeeded: bits))
        case .uint8: return .uint(UInt64(UInt8(truncatingIfNeeded: bits)))
        case .uint16: return .uint(UInt64(UInt16(truncatingIfNeeded: bits)))
        case .uint32: return .uint(isSmall ? bits % 100 : UInt64(UInt32(truncatingIfNeeded: bits)))
        case .uint64: return .uint(isSmall ? bits % 100 : bits)
        default: return .string(text(&random))
        }
    }

    private static func values(_ type: DataType, _ count: Int, seed: UInt64, nulls: Double = 0.1) -> [Value] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in value(type, &random, nulls: nulls) }
    }

    @Test(arguments: [1, 2, 31, 33, 4095, 4096, 4097, 20_000]) func texts(_ count: Int) async throws {
        var table = BTreeTable(.utf8)
        try await table.append(Self.values(.utf8, count, seed: UInt64(count)))
        let index = try await table.build().index
        #expect(index.pageCount == (count + 4095) / 4096)
        try await table.verify(index, absent: Self.values(.utf8, 500, seed: 99, nulls: 0) + [.string("\u{10FFFF}~")])
    }

    @Test(arguments: [
        DataType.int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .largeUtf8,
    ]) func types(_ type: DataType) async throws {
        var table = BTreeTable(type)
        try await table.append(Self.values(type, 5000, seed: 5))
        try await table.append(Self.values(type, 4000, seed: 6, nulls: 0))
        try await table.verify(try await table.build().index, absent: Self.values(type, 300, seed: 7, nulls: 0))
    }

    @Test func extremes() async throws {
        var signed = BTreeTable(.int64)
        try await signed.append([.int(.min), .int(.max), .null, .int(-1), .int(0), .int(.min), .int(1)])
        let index = try await signed.build().index
        try await signed.verify(index)
        #expect(try await index.rows(of: BTreeKey(UInt64.max)) == [], "a number that the type does not have")
        var unsigned = BTreeTable(.uint64)
        try await unsigned.append([.uint(.max), .uint(0), .uint(1 << 63), .uint(1 << 63 - 1)])
        try await unsigned.verify(try await unsigned.build().index)
        #expect(try await unsigned.build().index.rows(of: BTreeKey(-1)) == [])
    }

    /// One value that fills several pages, among others; and nothing but nulls.
    @Test(arguments: [DataType.utf8, .int32]) func runsOverPages(_ type: DataType) async throws {
        func value(_ number: Int64) -> Value { type == .utf8 ? .string("v\(number)") : .int(number) }
        var table = BTreeTable(type)
        try await table.append((0..<15_000).map { $0 % 10 == 0 ? value(Int64($0 % 70)) : value(7) })
        try await table.append((0..<6000).map { $0 % 3000 == 5 ? value(8) : .null })
        let index = try await table.build().index
        try await table.verify(index, absent: [value(6), value(9), value(77)])
        var nulls = BTreeTable(type)
        try await nulls.append(Array(repeating: .null, count: 9000))
        try await nulls.verify(try await nulls.build().index, absent: [value(0)])
    }

    /// Ids that are alike for long, as those of one source are.
    @Test func longCommonBeginnings() async throws {
        var table = BTreeTable(.utf8)
        let beginning = String(repeating: "https://example.org/a/very/long/path/", count: 30)
        try await table.append((0..<3000).map { .string(beginning + "\(($0 * 7919) % 3000)#\($0 % 2)") })
        try await table.append((0..<300).map { _ in .string(beginning) })
        try await table.verify(try await table.build().index, absent: [.string(beginning + "#")])
    }

    @Test func deletedRowsAreLeftOut() async throws {
        var table = BTreeTable(.utf8)
        for seed in 0..<4 { try await table.append(Self.values(.utf8, 3000, seed: UInt64(seed))) }
        try await table.delete { address, _ in address.offset % 3 == 0 || address.fragment == 2 }
        try await table.verify(try await table.build().index)
        try await table.delete { address, _ in address.offset % 5 == 1 }
        let (segment, index) = try await table.build()
        try await table.verify(index)
        #expect(segment.coveredFragments.values == [0, 1, 2, 3])
        try await table.delete { _, _ in true }
        let empty = try await table.build().index
        #expect(empty.pageCount == 0)
        try await table.verify(empty, absent: [.string("a")])
    }

    /// A fragment from before the column was there reads as nulls.
    @Test func absentColumns() async throws {
        var table = BTreeTable(.int64)
        try await table.append([.int(3), .int(1)])
        try await table.putVersion { proto in proto.fragments[0].files[0].fields = [-2] }
        let index = try await table.build().index
        #expect(try await index.nullRows() == [0, 1])
        #expect(try await index.rows(of: BTreeKey(3)) == [])
    }

    @Test func otherTypesAreRefused() async throws {
        var table = BTreeTable(.float64)
        try await table.append([.double(1)])
        let failure = try await expectFailure([.unsupported], "floats") { try await table.build() }
        #expect(failure.message.contains("float64"))
        #expect(try await table.storage.walk().allSatisfy { $0.key.components.first != "_indices" })
        var texts = BTreeTable(.utf8)
        try await texts.append([.string("a")])
        let index = try await texts.build().index
        try await expectFailure([.invalidArgument], "a number in a text index") {
            try await index.rows(of: BTreeKey(1))
        }
    }

    /// What others look at: the names, numbers and metadata of the files.
    @Test func filesSayWhatTheFormatAsks() async throws {
        var table = BTreeTable(.utf8)
        try await table.append(Self.values(.utf8, 10_000, seed: 3))
        let (segment, _) = try await table.build()
        #expect(segment.files.map(\.name).sorted() == ["page_data.lance", "page_lookup.lance"])
        for file in segment.files {
            let key = try segment.directory.key(file.name)
            #expect(try await table.storage.size(key) == file.size)
            let reader = try await DataFileReader.open(key, in: table.storage)
            #expect(reader.version == .v2_0)
            if file.name == "page_lookup.lance" {
                #expect(reader.rowCount == 3)
                #expect(reader.metadata["batch_size"].map { String(decoding: $0, as: UTF8.self) } == "4096")
                #expect(reader.descriptor.schema.fields.map(\.name) == ["min", "max", "null_count", "page_idx"])
            } else {
                #expect(reader.rowCount == 10_000)
                #expect(reader.descriptor.schema.fields.map(\.name) == ["values", "ids"])
            }
        }
        let proto = try segment.proto()
        #expect(proto.indexDetails.typeURL == "/lance.table.BTreeIndexDetails")
        #expect(proto.indexVersion == 0 && proto.fields == [0] && proto.datasetVersion == 1)
    }

    /// Many tasks look into the same pages at once.
    @Test func concurrency() async throws {
        var table = BTreeTable(.int32)
        try await table.append(Self.values(.int32, 30_000, seed: 1))
        let (segment, _) = try await table.build()
        let index = try await BTreeIndex.open(segment.directory, in: table.storage)
        let rows = table.rows
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seed in 0..<8 {
                group.addTask {
                    var random = SplitMix64(seed: UInt64(seed))
                    for _ in 0..<500 {
                        let row = rows[random.below(rows.count)]
                        let found = try await BTreeTable.rows(of: row.value, index)
                        try check(found.contains(row.address.rawValue), "row \(row)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
