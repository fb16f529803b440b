// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import SwiftProtobuf
import ObjectStorage
import Testing
import TestSupport

/// Files that say impossible things: each must throw, soon and without taking memory.
struct HostileFileTests {
    private let most = UInt64(UInt32.max)

    private func expectFailure(_ what: String, _ file: HandMadeFile, _ range: Range<Int>? = nil) async throws {
        let range = range ?? 0..<Int(clamping: file.rows)
        try await TestSupport.expectFailure([.corrupt, .unsupported], what) { try await file.column().read(range) }
    }

    /// No byte of values, and the widest vectors there are: 288 petabytes.
    @Test func billionsOfNulls() async throws {
        let wide = UInt32(1 << 24)
        try await HeavyWork.bounded(300 << 20) {
            let all = try HandMadeFile("fixed_size_list:float:\(wide)", rows: most, .allNulls).column()
            #expect(try await all.vectorBlocks().isEmpty)
            let narrower = try HandMadeFile("fixed_size_list:float:\(wide / 16)", rows: most, .allNulls).column()
            #expect(try await narrower.take([0, Int(most) - 1]).nullCount == 2)
            try await expectFailure("all", HandMadeFile("fixed_size_list:float:\(wide)", rows: most, .allNulls))
            for encoding in [
                ProtoArrayEncoding.noNulls(.list(wide, .allNulls)), .list(wide, .noNulls(.allNulls)),
                .someNulls(.allNulls, .list(wide, .allNulls)),
            ] {
                let file = HandMadeFile("fixed_size_list:float:\(wide)", rows: most, encoding)
                try await expectFailure("items", file)
                // All of them are missing.
                #expect(try await file.column().vectorBlocks().isEmpty)
            }
            for type in ["int64", "string", "bool", "decimal:256:50:2", "fixed_size_binary:16777216"] {
                try await expectFailure(type, HandMadeFile(type, rows: most, .allNulls))
                #expect(try await HandMadeFile(type, rows: most, .allNulls).column().take([5]).nullCount == 1)
            }
            let none = ProtoArrayEncoding.allNulls
            for (type, encoding) in [
                ("string", .dictionary(none, none, count: UInt32.max)),
                ("string", .binary(none, .flat(8), adjustment: 1)),
                ("int64", .dictionary(none, none, count: UInt32.max)),
                ("string", .binary(.noNulls(none), .flat(8), adjustment: 1)),
                (
                    "dict:string:int8:false",
                    .dictionary(.noNulls(none), .binary(none, .flat(8), adjustment: 1), count: UInt32.max)
                ),
            ] as [(String, ProtoArrayEncoding)] {
                try await expectFailure(EncodingSummary.text(encoding), HandMadeFile(type, rows: most, encoding, [[0]]))
            }
        }
    }

    /// Kinds of items that nobody writes into a dictionary.
    @Test func rareItemsOfDictionaries() async throws {
        let numbers: [UInt8] = [2, 0, 1]
        let bits = HandMadeFile(
            "bool", rows: 3, .dictionary(.flat(8), .flat(1, 1), count: 2), [numbers, [0b10]])
        let bytes = HandMadeFile(
            "fixed_size_list:uint8:2", rows: 3, .dictionary(.flat(8), .list(2, .flat(8, 1)), count: 2),
            [numbers, [5, 6, 7, 8]])
        let nulls = HandMadeFile("null", rows: 3, .dictionary(.flat(8), .allNulls, count: 2), [numbers])
        let partly = HandMadeFile(
            "fixed_size_list:uint8:2", rows: 3,
            .dictionary(.flat(8), .list(2, .someNulls(.flat(1, 1), .flat(8, 2))), count: 2),
            [numbers, [0b1101], [5, 6, 7, 8]])
        for (file, expected) in [
            (bits, [.bool(true), nil, .bool(false)]), (nulls, [nil, nil, nil]),
            (bytes, [.list([.uint(7), .uint(8)]), nil, .list([.uint(5), .uint(6)])]),
            (partly, [.list([.uint(7), .uint(8)]), nil, .list([.uint(5), .null])]),
        ] as [(HandMadeFile, [Value?])] {
            let column = try await file.column().read(0..<3)
            #expect(try (0..<3).map { try column.value($0) } == expected.map { $0 ?? .null }, "\(file.logicalType)")
            #expect(try await file.column().take([0, 2]).value(1) == expected[2] ?? .null)
        }
    }

    @Test func rowCountsThatDoNotAgree() async throws {
        let page = { HandMadeFile.Page(rows: $0, encoding: .allNulls) }
        for (rows, pages) in [
            (UInt64(3), [page(2)]), (3, [page(4)]), (3, []), (0, [page(1)]), (most + 1, [page(most + 1)]),
            (most, [page(most), page(1)]),
            (UInt64.max, [page(UInt64.max)]), (1 << 63, [page(1 << 63)]), (0, [page(1 << 63), page(1 << 63)]),
            (3, [page(UInt64.max), page(4)]),
        ] {
            #expect(throws: Failure.self, "\(rows)") { try HandMadeFile("int32", rows: rows, pages).column() }
        }
        // Empty pages are allowed anywhere.
        let good = HandMadeFile("int32", rows: 3, [page(0), page(2), page(0), page(0), page(1), page(0)])
        for row in 0..<3 { #expect(try await good.column().read(row..<row + 1).count == 1) }
        #expect(try await good.column().read(0..<3).nullCount == 3)
        #expect(try await HandMadeFile("int32", rows: 0, []).column().read(0..<0).count == 0)
    }

    @Test func buffersThatAreNotThere() async throws {
        for index in [UInt32(1), 2, UInt32.max] {
            try await expectFailure(
                "buffer \(index)", HandMadeFile("int32", rows: 2, .noNulls(.flat(32, index)), [buffer([Int32(1), 2])]))
        }
        try await expectFailure("short", HandMadeFile("int32", rows: 3, .noNulls(.flat(32)), [buffer([Int32(1), 2])]))
        try await expectFailure("short bits", HandMadeFile("bool", rows: 17, .noNulls(.flat(1)), [[1, 2]]))
        try await expectFailure("no bits", HandMadeFile("bool", rows: most, .noNulls(.flat(1)), [[1, 2]]))
        for bits in [UInt64(0), 1, 31, 64, UInt64.max] {
            try await expectFailure(
                "\(bits) bits", HandMadeFile("int32", rows: 2, .noNulls(.flat(bits)), [buffer([Int32(1), 2])]))
        }
        var file = HandMadeFile("int32", rows: 2, .noNulls(.flat(32)), [buffer([Int32(1), 2])])
        #expect(try await file.column().read(0..<2).values() == [.int(1), .int(2)])
        for (offset, size) in [
            (UInt64.max, UInt64(8)), (0, UInt64.max), (1 << 63, 1 << 63), (1 << 40, 8), (UInt64.max, UInt64.max),
        ] {
            file.adjust = { metadata in
                metadata.pages[0].bufferOffsets = [offset]
                metadata.pages[0].bufferSizes = [size]
            }
            #expect(throws: Failure.self) { try file.column() }
        }
        file.adjust = { $0.pages[0].bufferSizes = [] }
        #expect(throws: Failure.self) { try file.column() }
        file = HandMadeFile(
            "int32", rows: 2,
            .with {
                $0.flat.bitsPerValue = 32
                $0.flat.buffer = .with { $0.bufferType = .column }
            }, [buffer([Int32(1), 2])])
        try await expectFailure("a column's buffer", file)
    }

    @Test func encodingsThatMakeNoSense() async throws {
        let numbers = buffer([Int32(1), 2])
        let flat = ProtoArrayEncoding.flat(32)
        for (what, type, encoding) in [
            ("nothing", "int32", ProtoArrayEncoding()), ("no nullability", "int32", .with { $0.nullable = .init() }),
            ("another dimension", "fixed_size_list:int32:2", .list(1, flat)),
            ("no dimension", "fixed_size_list:int32:1", .list(0, flat)),
            ("a list for a number", "int32", .list(1, flat)), ("a number for a list", "fixed_size_list:int32:1", flat),
            ("text for a number", "int32", .binary(flat, flat, adjustment: 1)), ("a number for text", "string", flat),
            ("nulls in nulls", "int32", .someNulls(.flat(1), .someNulls(.flat(1), flat))),
            ("validity of numbers", "int32", .someNulls(flat, flat)),
            ("null validity", "int32", .someNulls(.allNulls, .noNulls(.allNulls))),
            ("indices of text", "string", .dictionary(.binary(flat, flat, adjustment: 1), flat, count: 1)),
            ("24-bit indices", "string", .dictionary(.flat(24), flat, count: 1)),
            ("null offsets", "string", .binary(.someNulls(.flat(1), .flat(64)), .flat(8), adjustment: 9)),
            (
                "text in text", "string",
                .binary(.noNulls(.flat(64)), .noNulls(.binary(flat, flat, adjustment: 1)), adjustment: 9)
            ),
            ("lists", "int32", .with { $0.list = .init() }), ("structs", "int32", .with { $0.struct = .init() }),
            ("constant", "int32", .with { $0.constant = .init() }), ("fsst", "string", .with { $0.fsst = .init() }),
        ] {
            try await expectFailure(what, HandMadeFile(type, rows: 2, encoding, [numbers]))
        }
    }

    @Test func offsetsThatMakeNoSense() async throws {
        let text = Array("abcdef".utf8)
        for (ends, adjustment) in [
            ([UInt64(2), 1], UInt64(7)), ([3, 7], 8), ([UInt64.max - 1, UInt64.max - 1], UInt64.max),
            ([1 << 63, 1 << 63], UInt64.max), ([1 << 62, 1 << 62], UInt64.max), ([UInt64.max, UInt64.max], 1),
            ([9, 100], 7),
        ] {
            let encoding = ProtoArrayEncoding.binary(.noNulls(.flat(64, 0)), .flat(8, 1), adjustment: adjustment)
            let file = HandMadeFile("string", rows: 2, encoding, [buffer(ends), text])
            try await expectFailure("\(ends), \(adjustment)", file)
            _ = try? await file.column().take([1, 0])
        }
        // An adjustment of 0 makes every row null, as it does in the official reader.
        let encoding = ProtoArrayEncoding.binary(.noNulls(.flat(64, 0)), .flat(8, 1), adjustment: 0)
        #expect(
            try await HandMadeFile("string", rows: 2, encoding, [buffer([UInt64(2), 4]), text]).column().read(0..<2)
                .nullCount == 2)
    }

    @Test func dictionariesThatMakeNoSense() async throws {
        let items = ProtoArrayEncoding.binary(.noNulls(.flat(64, 1)), .flat(8, 2), adjustment: 9)
        let ends = buffer([UInt64(3), 8])
        let text = Array("redgreen".utf8)
        for (type, bits, indices) in [
            ("string", UInt64(8), [UInt8(3), 1]), ("string", 64, [UInt8](repeating: 0xff, count: 16)),
            ("dict:string:int8:false", 8, [0, 2]), ("dict:string:int8:false", 8, [0xff, 0]),
        ] {
            let file = HandMadeFile(
                type, rows: 2, .dictionary(.noNulls(.flat(bits)), items, count: 2), [indices, ends, text])
            try await expectFailure("\(type) \(indices)", file)
        }
        for count in [UInt32(3), UInt32.max] {
            let file = HandMadeFile(
                "string", rows: 2, .dictionary(.noNulls(.flat(8)), items, count: count), [[1, 2], ends, text])
            try await expectFailure("\(count) items", file)
        }
        // No items, and rows that want none.
        let none = HandMadeFile("string", rows: 2, .dictionary(.noNulls(.flat(8)), items, count: 0), [[0, 0], [], []])
        #expect(try await none.column().read(0..<2).nullCount == 2)
    }

    @Test func nestingWithoutEndThrows() async throws {
        var encoding = ProtoArrayEncoding.flat(32)
        for level in 1...40 {
            encoding = .noNulls(encoding)
            guard level % 20 == 0 else { continue }
            let file = HandMadeFile("int32", rows: 1, encoding, [buffer([Int32(7)])])
            _ = try? await file.column().read(0..<1).values()
        }
        // Deeper than any message library would write: `nullable { no_nulls { values { … } } }` by hand.
        var bytes: [UInt8] = []
        for _ in 0..<20_000 {
            for tag in [UInt8(0x0a), 0x0a, 0x12] {
                var head = ByteWriter()
                head.write(tag)
                var length = UInt64(bytes.count)
                while length >= 0x80 {
                    head.write(UInt8(truncatingIfNeeded: length) | 0x80)
                    length >>= 7
                }
                head.write(UInt8(length))
                bytes = head.bytes + bytes
            }
            if bytes.count > 60_000 { break }
        }
        #expect(throws: (any Error).self) { try ProtoArrayEncoding(serializedBytes: bytes) }
    }

    @Test func encodingsThatAreMissing() async throws {
        var file = HandMadeFile("int32", rows: 1, .noNulls(.flat(32)), [buffer([Int32(7)])])
        let changes: [@Sendable (inout ProtoColumnMetadata.Page) -> Void] = [
            { $0.clearEncoding() }, { $0.encoding = .with { $0.indirect = .init() } },
            { $0.encoding = .with { $0.none = .init() } },
            { $0.encoding.direct.encoding = .init([0xff, 0xff]) },
            { page in
                page.encoding = (try? HandMadeFile.direct(ProtoArrayEncoding(), "/lance.encodings.Unheard")) ?? .init()
            },
            { page in page.encoding = (try? HandMadeFile.direct(ProtoArrayEncoding(), "")) ?? .init() },
        ]
        for change in changes {
            file.adjust = { change(&$0.pages[0]) }
            try await expectFailure("an encoding", file)
        }
    }

    @Test func footersThatMakeNoSense() throws {
        let good = try HandMadeFile("int32", rows: 1, .allNulls).bytes()
        let open = { (bytes: [UInt8]) in try DataFileReader(ObjectKey("data/x"), FileView(ByteView(copying: bytes))) }
        #expect(try open(good).columnCount == 1)
        let end = good.count
        // Column table, global table, global buffers, columns, version, magic; the global table's two numbers.
        let places: [(Int, Int)] = [
            (end - 32, 8), (end - 24, 8), (end - 16, 4), (end - 12, 4), (end - 8, 2), (end - 4, 4), (end - 56, 8),
            (end - 48, 8),
        ]
        for (place, width) in places {
            for value in [
                UInt64(0), UInt64.max, 1 << 63, 1 << 62, UInt64(Int.max), UInt64(UInt32.max), UInt64(end),
                UInt64(end) - 1,
            ] {
                var bytes = good
                bytes.replaceSubrange(place..<place + width, with: buffer([value]).prefix(width))
                guard let reader = try? open(bytes), let schema = try? reader.tableSchema() else { continue }
                for field in schema.fields { _ = try? reader.column(0, field) }
            }
        }
        var bytes = good
        bytes.replaceSubrange(end - 12..<end - 8, with: [0xff, 0xff, 0xff, 0xff])
        #expect(throws: Failure.self) { try open(bytes) }
        for count in 0..<good.count { #expect(throws: Failure.self) { try open(Array(good[..<count])) } }
    }
}
