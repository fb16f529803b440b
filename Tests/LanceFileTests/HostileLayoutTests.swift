// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import SwiftProtobuf
import Testing
import TestSupport

/// Pages of file versions 2.1 and 2.2 that say impossible things: each must throw, soon and without taking memory.
struct HostileLayoutTests {
    private static let most = UInt64(UInt32.max)

    private func refused(_ what: String, _ file: HandMadeFile, _ codes: [Failure.Code] = [.corrupt]) async throws {
        try await expectFailure(codes, what) { try await file.column().read(0..<Int(clamping: file.rows)) }
    }

    private static func constant(_ change: (inout ProtoConstantLayout) -> Void) -> ProtoPageLayout {
        .with {
            $0.constant.layers = [.layerAllValidItem]
            change(&$0.constant)
        }
    }

    private static func text(_ offsets: [UInt32], _ bytes: [UInt8] = []) -> [UInt8] {
        var writer = ByteWriter()
        for offset in offsets { writer.write(offset) }
        writer.write(bytes)
        return writer.bytes
    }

    private static let ints: [UInt8] = [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]

    @Test func theHandMadeOnesAreGood() async throws {
        let numbers = try await HandMadeFile("int32", chunkOf: 3, .flat(32), [Self.ints]).column().read(0..<3)
        #expect(try (0..<3).map { try numbers.value($0) } == [.int(0), .int(1), .int(2)])
        let levels = ([0, 0, 1, 0, 0, 0] as [UInt8])
        let nulls = try await HandMadeFile(
            "int32", chunkOf: 3, .flat(32), [Self.ints], definition: (.flat(16), levels)
        ).column().read(0..<3)
        #expect(try (0..<3).map { try nulls.value($0) } == [.int(0), .null, .int(2)])
        let texts = try await HandMadeFile(
            "string", chunkOf: 2, .variable(32), [Self.text([12, 13, 15], Array("abc".utf8))]
        ).column().read(0..<2)
        #expect(try (0..<2).map { try texts.value($0) } == [.string("a"), .string("bc")])
        let items: ProtoCompressiveEncoding = .list(2, .flat(8), hasValidity: true)
        let lists = try await HandMadeFile("fixed_size_list:uint8:2", chunkOf: 2, items, [[0b1101], [1, 2, 3, 4]])
            .column().read(0..<2)
        #expect(try lists.value(0) == .list([.uint(1), .null]) && lists.value(1) == .list([.uint(3), .uint(4)]))
    }

    /// A page whose layout makes values of another type than the column's, of which nothing but the type is wrong.
    @Test func blobsInAColumnOfNumbers() async throws {
        let layout = ProtoPageLayout.with {
            $0.blob.layers = [.layerNullableItem]
            $0.blob.innerLayout = Self.constant { $0.layers = [.layerNullableItem] }
        }
        let file = HandMadeFile("int32", rows: 3, layout: layout)
        try await refused("blobs", file)
        try await expectFailure([.corrupt], "taken") { try await file.column().take([2, 0]) }
        var good = file
        good.logicalType = "large_binary"
        good.fieldMetadata = ["lance-encoding:blob": "true"]
        #expect(try await good.column().read(0..<3).nullCount == 3)
    }

    @Test func constants() async throws {
        try await HeavyWork.bounded(300 << 20) {
            for (type, value) in [("int64", [UInt8](repeating: 7, count: 8)), ("bool", [1]), ("string", [65])] {
                let layout = Self.constant { $0.inlineValue = Data(value) }
                try await refused("billions of \(type)", HandMadeFile(type, rows: Self.most, layout: layout))
                // A few of them can be had.
                #expect(try await HandMadeFile(type, rows: Self.most, layout: layout).column().take([9]).nullCount == 0)
            }
            let four = Self.constant { $0.inlineValue = Data([1, 2, 3, 4]) }
            try await refused("four bytes for eight", HandMadeFile("int64", rows: 3, layout: four))
            try await refused("vectors", HandMadeFile("fixed_size_list:uint8:4", rows: 3, layout: four))
            let nulls = Self.constant { $0.layers = [.layerNullableItem] }
            for type in ["int64", "string", "fixed_size_list:float:16777216"] {
                try await refused("billions of nulls", HandMadeFile(type, rows: Self.most, layout: nulls))
            }
            let vectors = try HandMadeFile("fixed_size_list:float:100", rows: Self.most, layout: nulls).column()
            #expect(try await vectors.vectorBlocks().isEmpty)
            let bare = Self.constant { _ in }
            try await refused("nothing at all", HandMadeFile("int64", rows: 3, layout: bare))
            for (what, buffer) in [
                ("one buffer", Self.text([1, 8, 0, 0])), ("no offsets", Self.text([2, 0, 3], [65, 65, 65])),
                ("offsets that descend", Self.text([2, 8, 3, 3, 0], [65, 65, 65])),
                ("offsets outside", Self.text([2, 8, 3, 0, 4], [65, 65, 65])),
                ("buffers outside", Self.text([2, UInt32.max, UInt32.max])), ("nothing", []),
            ] {
                try await refused(what, HandMadeFile("string", rows: 3, layout: bare, [buffer]))
            }
            let nullable = Self.constant {
                $0.layers = [.layerNullableItem]
                $0.inlineValue = Data([1])
            }
            try await refused("too few levels", HandMadeFile("uint8", rows: 3, layout: nullable, [[], [0, 0]]))
            try await refused(
                "a level of 2", HandMadeFile("uint8", rows: 2, layout: nullable, [[], [0, 0, 2, 0]]))
            try await refused(
                "lists", HandMadeFile("uint8", rows: 1, layout: nullable, [[0, 0], [0, 0]]))
            for (encoding, count) in [(ProtoCompressiveEncoding.packed(16, to: 0), Self.most), (.runs(16), 5)] {
                let layout = Self.constant {
                    $0.layers = [.layerNullableItem]
                    $0.inlineValue = Data([1])
                    $0.defCompression = encoding
                    $0.numDefValues = count
                }
                try await refused(
                    "levels of nothing", HandMadeFile("uint8", rows: Self.most, layout: layout, [[], []]))
            }
        }
    }

    typealias Change = (inout ProtoMiniBlockLayout) -> Void

    @Test func layouts() async throws {
        let changes: [(String, Failure.Code, Change)] = [
            ("too many values", .corrupt, { $0.numItems = 4 }), ("no value", .corrupt, { $0.numItems = 0 }),
            ("no buffer", .corrupt, { $0.numBuffers = 0 }), ("too many buffers", .corrupt, { $0.numBuffers = .max }),
            ("two buffers", .corrupt, { $0.numBuffers = 2 }),
            ("small chunks", .corrupt, { $0.hasLargeChunk_p = false }),
            ("lists", .unsupported, { $0.layers = [.layerAllValidList, .layerAllValidItem] }),
            ("no layers", .corrupt, { $0.layers = [] }),
            ("layers not known", .corrupt, { $0.layers = [.UNRECOGNIZED(77)] }),
            ("repetition", .corrupt, { $0.repCompression = .flat(16) }),
            (
                "lists without an index", .unsupported,
                {
                    $0.layers = [.layerAllValidItem, .layerAllValidList]
                    $0.repetitionIndexDepth = 1
                }
            ),
            ("levels of nothing nullable", .corrupt, { $0.defCompression = .flat(16) }),
            ("no compression", .unsupported, { $0.clearValueCompression() }),
            (
                "a dictionary that is not there", .corrupt,
                {
                    $0.dictionary = .flat(32)
                    $0.numDictionaryItems = .max
                }
            ),
            ("values of 64 bits", .corrupt, { $0.valueCompression = .flat(64) }),
            ("values of no bits", .corrupt, { $0.valueCompression = .flat(0) }),
            ("text", .corrupt, { $0.valueCompression = .variable(32) }),
            ("lists of one size", .corrupt, { $0.valueCompression = .list(1, .flat(32)) }),
            ("a compressed buffer", .unsupported, { $0.valueCompression.flat.data.scheme = .schemeZstd }),
        ]
        for (what, code, change) in changes {
            let file = HandMadeFile("int32", chunkOf: 3, .flat(32), [Self.ints], change: change)
            try await refused(what, file, [code])
        }
        // Chunk sizes that do not fit.
        let layout = ProtoPageLayout.with {
            $0.miniBlock.valueCompression = .flat(32)
            $0.miniBlock.numBuffers = 1
            $0.miniBlock.numItems = 3
            $0.miniBlock.layers = [.layerAllValidItem]
        }
        let chunk: [UInt8] = [0, 0, 12, 0, 0xfe, 0xfe, 0xfe, 0xfe] + Self.ints + [0xfe, 0xfe, 0xfe, 0xfe]
        #expect(
            try await HandMadeFile("int32", rows: 3, layout: layout, [[0x20, 0], chunk]).column().read(0..<3).count == 3
        )
        for (what, words, bytes) in [
            ("no chunk", [], chunk), ("an odd byte", [0x20], chunk), ("a larger chunk", [0x30, 0], chunk),
            ("a smaller chunk", [0x10, 0], chunk), ("two chunks", [0x22, 0, 0x20, 0], chunk),
            ("a chunk too many", [0x21, 0, 0, 0], chunk), ("no bytes", [0x20, 0], []),
            ("levels", [0x20, 0], [3] + chunk.dropFirst()),
            ("a larger buffer", [0x20, 0], [0, 0, 17] + chunk.dropFirst(3)),
            ("a smaller buffer", [0x20, 0], [0, 0, 11] + chunk.dropFirst(3)),
        ] as [(String, [UInt8], [UInt8])] {
            try await refused(what, HandMadeFile("int32", rows: 3, layout: layout, [words, bytes]))
        }
        let wide = ProtoPageLayout.with {
            $0 = layout
            $0.miniBlock.numItems = Self.most
        }
        try await refused(
            "billions in a chunk", HandMadeFile("int32", rows: Self.most, layout: wide, [[0x20, 0], chunk]))
        try await refused(
            "a full-zip page", HandMadeFile("int32", rows: 3, layout: .with { $0.fullZip = .init() }))
        try await refused("no layout", HandMadeFile("int32", rows: 3, layout: .init()), [.unsupported])
    }

    @Test func values() async throws {
        let word = [UInt8](repeating: 0, count: 128)
        for (what, rows, encoding, buffers) in [
            ("more bits than the type", 3, .packed(32), [[33, 0, 0, 0] + word]),
            ("bits beyond any", 3, .packed(32), [[255, 255, 255, 255] + word]),
            ("too few packed bytes", 3, .packed(32), [[2, 0, 0, 0] + word]), ("no header", 3, .packed(32), [[1]]),
            ("packed to another type", 3, .packed(64), [[1, 0, 0, 0] + word]),
            ("too many packed values", 1025, .packed(32), [[0, 0, 0, 0]]),
            ("runs that end early", 3, .runs(32), [Self.ints, [1, 1, 0]]),
            ("runs without values", 3, .runs(32), [[], [255]]), ("no runs", 3, .runs(32), [[], []]),
            ("values of another width", 3, .runs(64), [Self.ints, [1, 1, 1]]),
        ] as [(String, UInt64, ProtoCompressiveEncoding, [[UInt8]])] {
            try await refused(what, HandMadeFile("int32", chunkOf: rows, encoding, buffers))
        }
        let long = HandMadeFile("int32", chunkOf: 3, .runs(32, lengths: 16), [Self.ints, [3, 0]])
        try await refused("long runs", long, [.unsupported])
        for (what, offsets) in [
            ("offsets that descend", [12, 11, 13]), ("offsets outside", [12, 13, 99]), ("too few offsets", [12]),
            ("offsets at the end", [UInt32.max, UInt32.max, UInt32.max]),
        ] as [(String, [UInt32])] {
            try await refused(what, HandMadeFile("string", chunkOf: 2, .variable(32), [Self.text(offsets, [65])]))
        }
        let huge = [UInt8](repeating: 255, count: 24)
        try await refused("offsets beyond 63 bits", HandMadeFile("string", chunkOf: 2, .variable(64), [huge]))
        try await refused(
            "offsets of 16 bits", HandMadeFile("string", chunkOf: 2, .variable(16), [huge]), [.unsupported])
        try await refused(
            "lists of another length",
            HandMadeFile("fixed_size_list:uint8:4", chunkOf: 2, .list(8, .flat(8)), [[UInt8](repeating: 1, count: 16)]))
        try await refused(
            "too few bits of validity",
            HandMadeFile("fixed_size_list:uint8:4", chunkOf: 3, .list(4, .flat(8), hasValidity: true), [[15], [1]]))
    }

    @Test func symbols() async throws {
        func table(_ symbols: [(String, UInt8)], magic: UInt64 = 0x4653_5354, isUsed: Bool = true) -> Data {
            var writer = ByteWriter()
            writer.write(UInt64(symbols.count) | (isUsed ? 1 << 24 : 0) | magic << 32)
            for (symbol, _) in symbols {
                writer.write(Array(symbol.utf8))
                writer.pad(toMultipleOf: 8)
            }
            for (_, length) in symbols { writer.write(length) }
            return Data(writer.bytes)
        }
        func file(_ table: Data, _ coded: [UInt8]) -> HandMadeFile {
            HandMadeFile(
                "string", chunkOf: 1,
                .with {
                    $0.fsst.symbolTable = table
                    $0.fsst.values = .variable(32)
                }, [Self.text([8, 8 + UInt32(coded.count)], coded)])
        }
        let good = table([("hello ", 6), ("a", 1)])
        #expect(try await file(good, [0, 1, 255, 66]).column().read(0..<1).value(0) == .string("hello aB"))
        #expect(
            try await file(table([], isUsed: false), [65, 255]).column().read(0..<1).withValueBytes { $0.count } > 0)
        try await refused("an escape of nothing", file(good, [0, 255]))
        try await refused("a symbol that is not known", file(good, [2]))
        try await refused("another table", file(table([("a", 1)], magic: 1), [0]))
        try await refused("a symbol of no bytes", file(table([("a", 0)]), [0]))
        try await refused("a symbol of nine bytes", file(table([("a", 9)]), [0]))
        try await refused("a table cut off", file(good.dropLast(), [0]))
        try await refused("no table", file(Data(), [0]))
    }

    @Test func dictionaries() async throws {
        let words = Self.text([32, 20, 0, 1, 3], Array("abc".utf8))
        func file(
            _ indices: [UInt8], _ encoding: ProtoCompressiveEncoding = .variable(32), _ bytes: [UInt8]? = nil,
            items: UInt64 = 2
        ) -> HandMadeFile {
            HandMadeFile(
                "string", chunkOf: UInt64(indices.count), .flat(8), [indices],
                dictionary: (encoding, bytes ?? words), items: items)
        }
        let good = try await file([1, 0, 1]).column().read(0..<3)
        #expect(try (0..<3).map { try good.value($0) } == [.string("bc"), .string("a"), .string("bc")])
        try await refused("an index outside", file([0, 2]))
        try await refused("more items than offsets", file([0], items: 1 << 40))
        try await refused("more items than can be counted", file([0], items: UInt64.max))
        try await refused("no items", file([0], items: 0))
        try await refused("another width of offsets", file([0], .variable(64)))
        try await refused("bytes outside", file([0], .variable(32), Self.text([32, 99, 0, 1, 3])))
        try await refused(
            "a compression not known", file([0], .general(.UNRECOGNIZED(9), .variable(32))), [.unsupported])
        try await refused(
            "compressed twice", file([0], .general(.schemeZstd, .general(.schemeZstd, .variable(32)))), [.unsupported])
        try await refused("no compressed bytes", file([0], .general(.schemeLz4, .variable(32)), []))
        try await refused(
            "compressed to gigabytes", file([0], .general(.schemeLz4, .variable(32)), [255, 255, 255, 127]))
        // Two megabytes, a thousand times.
        var large = ByteWriter()
        for number in [32, 16, 0, UInt32(2 << 20)] { large.write(number) }
        large.write(repeating: 65, count: 2 << 20)
        let repeated = file([UInt8](repeating: 0, count: 1000), .variable(32), large.bytes, items: 1)
        try await HeavyWork.bounded(100 << 20) { try await refused("an item many times", repeated) }
    }
}
