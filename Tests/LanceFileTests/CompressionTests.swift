// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto
import Testing
import TestSupport

/// Compressed buffers in all places where one may stand, with frames that are put together by hand.
struct CompressionTests {
    /// A zstd frame of stored blocks, whose header tells no size: what a streaming writer makes.
    private func bareFrame(_ raw: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]
        let header = UInt32(raw.count) << 3 | 1
        frame += [
            UInt8(truncatingIfNeeded: header), UInt8(truncatingIfNeeded: header >> 8),
            UInt8(truncatingIfNeeded: header >> 16),
        ]
        return frame + raw
    }

    /// The same with an eight-byte size in the header.
    private func sizedFrame(_ raw: [UInt8], saying size: UInt64? = nil) -> [UInt8] {
        var frame = bareFrame(raw)
        frame.replaceSubrange(4..<6, with: [0xe0] + buffer([size ?? UInt64(raw.count)]))
        return frame
    }

    private func prefixed(_ raw: [UInt8], saying size: UInt64? = nil) -> [UInt8] {
        buffer([size ?? UInt64(raw.count)]) + bareFrame(raw)
    }

    /// An LZ4 block of literals alone.
    private func lz4(_ raw: [UInt8], saying size: UInt32? = nil) -> [UInt8] {
        var block = buffer([size ?? UInt32(raw.count)])
        if raw.count < 15 {
            block.append(UInt8(raw.count << 4))
        } else {
            block.append(0xf0)
            var rest = raw.count - 15
            while rest >= 255 {
                block.append(255)
                rest -= 255
            }
            block.append(UInt8(rest))
        }
        return block + raw
    }

    private var forms: [(String, String, ([UInt8]) -> [UInt8])] {
        [
            ("bare", "zstd", bareFrame), ("sized", "zstd", { sizedFrame($0) }), ("prefixed", "zstd", { prefixed($0) }),
            ("lz4", "lz4", { lz4($0) }),
        ]
    }

    @Test func numbers() async throws {
        let numbers: [Int32] = (0..<1000).map { $0 * 3 }
        for (name, scheme, pack) in forms {
            let file = HandMadeFile("int32", rows: 1000, .noNulls(.flat(32, scheme: scheme)), [pack(buffer(numbers))])
            let column = try file.column()
            #expect(try await column.read(0..<1000).values() == numbers.map { .int(Int64($0)) }, "\(name)")
            #expect(try await column.read(500..<502).values() == [.int(1500), .int(1503)], "\(name)")
            #expect(try await column.take([999]).values() == [.int(2997)], "\(name)")
        }
    }

    /// The items of a list are more than the page has rows.
    @Test func vectors() async throws {
        let floats = (0..<600).map { Float($0) }
        let raw = buffer(floats.map(\.bitPattern))
        for (name, scheme, pack) in forms {
            let encoding = ProtoArrayEncoding.noNulls(.list(6, .noNulls(.flat(32, scheme: scheme))))
            let column = try HandMadeFile("fixed_size_list:float:6", rows: 100, encoding, [pack(raw)]).column()
            #expect(
                try await column.read(99..<100).value(0) == .list((594..<600).map { .double(Double($0)) }), "\(name)")
            #expect(try await column.vectorBlocks().map { $0.floats.bytes } == [raw], "\(name)")
        }
    }

    @Test func validityAndBooleans() async throws {
        let bits: [UInt8] = [0b1010_1010, 0b1]
        let valid: [UInt8] = [0b1111_0000, 0b1]
        for (name, scheme, pack) in forms {
            let encoding = ProtoArrayEncoding.someNulls(.flat(1, 0, scheme: scheme), .flat(1, 1, scheme: scheme))
            let column = try HandMadeFile("bool", rows: 9, encoding, [pack(valid), pack(bits)]).column()
            let expected: [Value] =
                Array(repeating: .null, count: 4) + [false, true, false, true, true].map { .bool($0) }
            #expect(try await column.read(0..<9).values() == expected, "\(name)")
            #expect(try await column.read(8..<9).values() == [.bool(true)], "\(name)")
        }
    }

    @Test func text() async throws {
        let words = ["one", "", "three"]
        let ends: [UInt64] = [3, 3 + 9, 3, 8]
        for (name, scheme, pack) in forms {
            let encoding = ProtoArrayEncoding.binary(
                .noNulls(.flat(64, 0, scheme: scheme)), .flat(8, 1, scheme: scheme), adjustment: 9)
            let column = try HandMadeFile(
                "string", rows: 4, encoding, [pack(buffer(ends)), pack(Array(words.joined().utf8))]
            ).column()
            #expect(
                try await column.read(0..<4).values() == [.string("one"), .null, .string(""), .string("three")],
                "\(name)")
            #expect(try await column.read(3..<4).values() == [.string("three")], "\(name)")
        }
    }

    /// The items of a dictionary are fewer than the page has rows, and may be more.
    @Test func dictionaries() async throws {
        let words = ["red", "green", "blue"]
        let ends: [UInt64] = [3, 8, 12]
        for rows in [2, 9] {
            let indices = (0..<rows).map { UInt8($0 % 4) }
            let expected = indices.map { $0 == 0 ? Value.null : .string(words[Int($0) - 1]) }
            for (name, scheme, pack) in forms {
                let items = ProtoArrayEncoding.binary(
                    .noNulls(.flat(64, 1, scheme: scheme)), .flat(8, 2, scheme: scheme), adjustment: 13)
                let file = HandMadeFile(
                    "string", rows: UInt64(rows), .dictionary(.noNulls(.flat(8, 0, scheme: scheme)), items, count: 3),
                    [pack(indices), pack(buffer(ends)), pack(Array(words.joined().utf8))])
                #expect(try await file.column().read(0..<rows).values() == expected, "\(name)")
                for row in 0..<rows {
                    #expect(try await file.column().take([row]).values() == [expected[row]], "\(name)")
                }
            }
        }
    }

    @Test func hostileSizesThrow() async throws {
        let raw = [UInt8](repeating: 7, count: 400)
        let sizes: [UInt64] = [0, 399, 402, 1 << 30, 1 << 40, 1 << 62, 1 << 63, UInt64.max - 1, UInt64.max]
        try await HeavyWork.bounded(100 << 20) {
            for rows in [UInt64(100), UInt64(UInt32.max)] {
                var buffers: [(String, String, [UInt8])] = [
                    ("empty", "zstd", []), ("short", "zstd", [1, 2, 3]), ("empty", "lz4", []),
                    ("short", "lz4", [1, 2, 3]),
                    ("no block", "lz4", [0, 0, 0, 1]), ("unknown", "brotli", raw), ("none", "", raw),
                ]
                for size in sizes {
                    buffers.append(("prefix \(size)", "zstd", prefixed(raw, saying: size)))
                    // The last of them is how a header says that it does not know.
                    if size != UInt64.max { buffers.append(("sized \(size)", "zstd", sizedFrame(raw, saying: size))) }
                    if let size = UInt32(exactly: size) {
                        buffers.append(("lz4 \(size)", "lz4", lz4(raw, saying: size)))
                    }
                }
                for (name, scheme, bytes) in buffers {
                    let file = HandMadeFile("int32", rows: rows, .noNulls(.flat(32, scheme: scheme)), [bytes])
                    let column = try file.column()
                    try await expectFailure([.corrupt, .unsupported], "\(rows) rows, \(name)") {
                        try await column.read(Int(rows) - 1..<Int(rows))
                    }
                }
            }
        }
    }

    /// A block of four bytes can stand for 128 KiB: 100 KB are three gigabytes.
    @Test func aBombThrows() async throws {
        let blocks = 26_000
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xe0]
        frame += buffer([UInt64(blocks) << 17])
        for block in 0..<blocks {
            let header = UInt32(1 << 17) << 3 | 1 << 1 | (block == blocks - 1 ? 1 : 0)
            frame += buffer([header]).prefix(3) + [0]
        }
        let file = HandMadeFile("int32", rows: UInt64(UInt32.max), .noNulls(.flat(32, scheme: "zstd")), [frame])
        try await HeavyWork.bounded(100 << 20) {
            let column = try file.column()
            try await expectFailure([.corrupt], "a bomb") { try await column.read(0..<1) }
        }
    }
}
