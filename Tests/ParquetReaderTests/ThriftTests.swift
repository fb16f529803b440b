// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import ParquetReader
import Testing

@Suite struct ThriftTests {
    private func footer(_ extra: [Int: ThriftValue]) -> [UInt8] {
        HandmadeFile.closing(
            Array("PAR1".utf8),
            ThriftValue.structure(
                [
                    2: .list([
                        HandmadeFile.element("root", nil, children: 1), HandmadeFile.element("v", .int32),
                    ]), 3: .int64(0), 4: .list([]),
                ].merging(extra) { $1 }
            ).bytes)
    }

    private func open(_ bytes: [UInt8]) throws -> ParquetFile {
        try ParquetFile(Region(copying: bytes, name: "made.parquet"))
    }

    private func expectCorrupt(_ bytes: [UInt8], _ part: String) {
        let failure = #expect(throws: Failure.self) { try open(bytes) }
        #expect(failure?.code == .corrupt)
        #expect(failure?.message.contains(part) ?? false, "\(failure?.description ?? "")")
        #expect(failure?.path == "made.parquet")
    }

    @Test func unknownFieldsOfAllKindsAreSkipped() throws {
        let nested = ThriftValue.structure([1: .bool(true), 2: .raw(9, [0x21, 1, 2]), 900: .double(1)])
        let file = try open(
            footer([
                20: .bool(true), 21: .int8(-1), 22: .int32(7), 23: .int64(.min), 24: .double(.pi), 25: .text("text"),
                26: .list([nested, nested]), 27: .map([(.text("a"), .int32(1)), (.text("b"), .int32(2))]), 28: .map([]),
                29: nested, 30: .list((0..<40).map { .int32($0) }), 31: .raw(13, [UInt8](repeating: 1, count: 16)),
                32: .raw(4, Varint.zigzag(-5)), 33: .raw(10, [0x25, 2, 4]), 5000: .bool(false), 32767: .int8(1),
            ]))
        #expect(file.schema == Schema([Field("v", .int32, nullable: false)]))
        #expect(file.rowCount == 0)
    }

    /// Lists that hold lists, so many deep.
    private func nested(_ depth: Int) -> ThriftValue {
        .raw(9, [UInt8](repeating: 0x19, count: depth) + [0x05])
    }

    @Test func nestingIsBounded() throws {
        _ = try open(footer([20: nested(25)]))
        expectCorrupt(footer([20: nested(100_000)]), "nested deeper")
        let structures = ThriftValue.raw(12, [UInt8](repeating: 0x1c, count: 100_000))
        expectCorrupt(footer([20: structures]), "nested deeper")
    }

    @Test func lengthsAreCheckedAgainstTheBytes() {
        let huge = Varint.encode(.max)
        expectCorrupt(footer([20: .raw(9, [0xf5] + huge)]), "list of 18446744073709551615")
        expectCorrupt(footer([20: .raw(8, Varint.encode(1 << 40))]), "string of 1099511627776")
        expectCorrupt(footer([20: .raw(11, huge + [0x55])]), "map of")
        expectCorrupt(footer([2: .raw(9, [0xfc] + Varint.encode(1 << 33))]), "list of 8589934592")
        expectCorrupt(footer([20: .raw(5, [UInt8](repeating: 0xff, count: 11))]), "more than 64 bits")
    }

    @Test func wrongTypesAreNamed() {
        expectCorrupt(footer([3: .text("many")]), "field 3 is of type binary, expected int64")
        expectCorrupt(footer([3: .int64(-1)]), "the number of rows is -1")
        expectCorrupt(footer([3: .int64(.max)]), "the number of rows is 9223372036854775807")
        expectCorrupt(footer([3: .int64(5)]), "the row groups have 0 rows, but the file says 5")
        expectCorrupt(footer([4: .list([.int32(1)])]), "expected structures")
        expectCorrupt(footer([20: .raw(14, [])]), "unknown type 14")
        expectCorrupt(footer([2: .list([])]), "no schema")
    }

    @Test func schemasThatAreNoTreeAreRefused() {
        func schema(_ elements: [ThriftValue]) -> [UInt8] { footer([2: .list(elements)]) }
        let element = HandmadeFile.element
        expectCorrupt(schema([element("root", nil, 0, 5, nil, nil)]), "5 children, but 0 follow")
        expectCorrupt(
            schema([
                element("root", nil, 0, 1, nil, nil), element("a", .int32, 0, nil, nil, nil),
                element("b", .int32, 0, nil, nil, nil),
            ]),
            "not one tree")
        expectCorrupt(schema([element("root", .int32, 0, nil, nil, nil)]), "not one tree")
        expectCorrupt(
            schema([
                element("root", nil, 0, 1, nil, nil), element("a", .int32, 0, 1, nil, nil),
                element("b", .int32, 0, nil, nil, nil),
            ]),
            "has a type and children")
        let deep = (0..<100).map { element("g\($0)", nil, 0, 1, nil, nil) }
        expectCorrupt(schema(deep + [element("v", .int32, 0, nil, nil, nil)]), "nested deeper than 64")
        expectCorrupt(schema([.structure([1: .int32(77), 4: .text("v")])]), "physical type 77")
        expectCorrupt(schema([.structure([5: .int32(1)])]), "without a name")
    }

    @Test func pageHeadersAreReadAcrossTheReadAhead() throws {
        // Statistics may make a header far longer than what is read ahead.
        let long = ThriftValue.structure([1: .text(String(repeating: "x", count: 300_000))])
        let first = HandmadeFile.page(2, littleEndian(1 as Int32, 2), extra: [60: long])
        let second = HandmadeFile.page(1, littleEndian(3 as Int32), extra: [60: long])
        #expect(try HandmadeFile(.int32, rows: 3, [first, second]).values() == ["1", "2", "3"])
    }
}
