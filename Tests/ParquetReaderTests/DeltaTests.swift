// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import ParquetReader
import TestSupport
import Testing

@Suite struct DeltaTests {
    /// DELTA_BINARY_PACKED, straight from the format's text.
    static func encode(_ values: [Int64], block: Int = 128, miniblocks: Int = 4, isWholeLast: Bool = true) -> [UInt8] {
        var result =
            Varint.encode(UInt64(block)) + Varint.encode(UInt64(miniblocks)) + Varint.encode(UInt64(values.count))
            + Varint.zigzag(values.first ?? 0)
        let deltas = zip(values.dropFirst(), values).map { $0 &- $1 }
        let size = block / miniblocks
        for start in stride(from: 0, to: deltas.count, by: block) {
            let part = Array(deltas[start..<min(start + block, deltas.count)])
            let least = part.min() ?? 0
            let packed = part.map { UInt64(bitPattern: $0 &- least) }
            var (widths, bodies): ([UInt8], [UInt8]) = ([], [])
            for first in stride(from: 0, to: block, by: size) {
                guard first < packed.count else {
                    // The widths of miniblocks that are not there mean nothing.
                    widths.append(77)
                    continue
                }
                var some = Array(packed[first..<min(first + size, packed.count)])
                let width = 64 - (some.max() ?? 0).leadingZeroBitCount
                if isWholeLast { some += [UInt64](repeating: 0, count: size - some.count) }
                widths.append(UInt8(width))
                bodies += HandmadeFile.pack(some, width)
            }
            result += Varint.zigzag(least) + widths + bodies
        }
        return result
    }

    private func read(_ physical: HandmadeFile.Physical, _ page: [UInt8], rows: Int, maxBytes: Int = 1 << 20) throws
        -> [String]
    {
        try HandmadeFile(physical, rows: rows, [HandmadeFile.page(rows, page, encoding: 5)]).values(maxBytes: maxBytes)
    }

    @Test func int64OfAllKinds() throws {
        var random = SplitMix64(seed: 3)
        let cases: [[Int64]] = [
            [], [5], [.min], [.max, .min], [.min, .max, .min, .max, 0, -1], [Int64](repeating: 7, count: 1000),
            (0..<1000).map { Int64($0) * 3 - 500 }, (0..<33).map { 1 << Int64($0) }, (0..<64).map { 1 << Int64($0) },
            (0..<700).map { _ in Int64.random(in: .min ... .max, using: &random) },
            (0..<257).map { _ in Int64.random(in: -9...9, using: &random) },
        ]
        for values in cases {
            for (block, miniblocks) in [(128, 4), (128, 1), (256, 8), (1024, 4)] {
                let page = Self.encode(values, block: block, miniblocks: miniblocks)
                #expect(try read(.int64, page, rows: values.count) == values.map(String.init))
                // In parts that end inside of miniblocks.
                #expect(try read(.int64, page, rows: values.count, maxBytes: 8 * 13) == values.map(String.init))
            }
            let short = Self.encode(values, isWholeLast: false)
            #expect(try read(.int64, short, rows: values.count) == values.map(String.init))
        }
    }

    @Test func int32WrapsAround() throws {
        let values: [Int32] = [.min, .max, .min, 0, -1, .max, 1, 1, 1]
        // As 64-bit differences, and as the 32-bit ones that wrap around.
        #expect(try read(.int32, Self.encode(values.map(Int64.init)), rows: 9) == values.map(String.init))
        var wrapped: [Int64] = [Int64(values[0])]
        for (value, last) in zip(values.dropFirst(), values) {
            wrapped.append(wrapped[wrapped.count - 1] + Int64(value &- last))
        }
        #expect(try read(.int32, Self.encode(wrapped), rows: 9) == values.map(String.init))
        // Some writers give an unsigned first value beyond 31 bits.
        #expect(try read(.int32, Self.encode([4_294_967_295, 4_294_967_294]), rows: 2) == ["-1", "-2"])
    }

    @Test func damageIsNoticed() {
        let page = Self.encode((0..<200).map { Int64($0 * $0) })
        expectFailure(.corrupt, "ends 1 values early") { _ = try read(.int64, page, rows: 201) }
        expectFailure(.corrupt, "a delta miniblock") { _ = try read(.int64, Array(page.dropLast(60)), rows: 200) }
        for (block, miniblocks) in [(0, 1), (100, 1), (128, 0), (128, 5), (128, 8), (1 << 40, 1)] as [(UInt64, UInt64)]
        {
            let bad = Varint.encode(block) + Varint.encode(miniblocks) + [2, 0, 0, 0, 0, 0, 0, 0]
            expectFailure(.corrupt, "delta blocks of \(block) values in \(miniblocks) miniblocks") {
                _ = try read(.int64, bad, rows: 2)
            }
        }
        expectFailure(.corrupt, "a delta run of 4294967296 values") {
            _ = try read(.int64, [0x80, 1, 4] + Varint.encode(1 << 32) + [0], rows: 2)
        }
        expectFailure(.corrupt, "65-bit values") { _ = try read(.int64, [0x80, 1, 1, 2, 0, 0, 65], rows: 2) }
        expectFailure(.unsupported, "DOUBLE values in the encoding DELTA_BINARY_PACKED") {
            _ = try read(.double, page, rows: 200)
        }
    }

    private func bytes(_ page: [UInt8], rows: Int, encoding: Int32, maxBytes: Int = 1 << 20) throws -> [String] {
        try HandmadeFile(.bytes, rows: rows, [HandmadeFile.page(rows, page, encoding: encoding)]).values(
            maxBytes: maxBytes)
    }

    private func hex(_ values: [String]) -> [String] {
        values.map { "'" + $0.utf8.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined() }
    }

    @Test func lengthsThenBytes() throws {
        let words = (0..<700).map { String(repeating: "ab", count: $0 % 9) }
        let page = Self.encode(words.map { Int64($0.utf8.count) }) + words.flatMap { Array($0.utf8) }
        for maxBytes in [1 << 20, 100, 1] {
            #expect(try bytes(page, rows: 700, encoding: 6, maxBytes: maxBytes) == hex(words))
        }
        expectFailure(.corrupt, "a value of 6 bytes, but 5 are left") {
            _ = try bytes(Self.encode([6]) + Array("short".utf8), rows: 1, encoding: 6)
        }
        expectFailure(.corrupt, "a value of -1 bytes") { _ = try bytes(Self.encode([-1]), rows: 1, encoding: 6) }
    }

    @Test func prefixesOfTheValueBefore() throws {
        let words = (0..<600).map { "prefix \($0 / 100) and \($0 / 10) and \($0)" }
        var (prefixes, suffixes, data): ([Int64], [Int64], [UInt8]) = ([], [], [])
        var last: [UInt8] = []
        for word in words {
            let word = Array(word.utf8)
            let common = zip(word, last).prefix { $0 == $1 }.count
            prefixes.append(Int64(common))
            suffixes.append(Int64(word.count - common))
            data += word[common...]
            last = word
        }
        let page = Self.encode(prefixes) + Self.encode(suffixes) + data
        for maxBytes in [1 << 20, 100, 1] {
            #expect(try bytes(page, rows: 600, encoding: 7, maxBytes: maxBytes) == hex(words))
        }
        expectFailure(.corrupt, "a value of 1 bytes of the 0 before it") {
            _ = try bytes(Self.encode([1]) + Self.encode([0]), rows: 1, encoding: 7)
        }
        expectFailure(.corrupt, "2 prefix lengths, but 1 suffix lengths") {
            _ = try bytes(Self.encode([0, 0]) + Self.encode([0]), rows: 1, encoding: 7)
        }
        expectFailure(.corrupt, "a value of 2 bytes, expected 3") {
            let page = HandmadeFile.page(1, Self.encode([0]) + Self.encode([2]) + [1, 2], encoding: 7)
            _ = try HandmadeFile(.fixed, rows: 1, length: 3, [page]).values()
        }
    }

    /// Lengths of many values in hardly any bytes must not fill the memory before anyone asks for the values.
    @Test func manyEmptyValuesInFewBytes() throws {
        let count = 40_000_000
        let blocks = (count - 1 + (1 << 24) - 1) >> 24
        let page =
            Varint.encode(1 << 24) + [1] + Varint.encode(UInt64(count)) + [0] + [UInt8](repeating: 0, count: blocks * 2)
        let file = HandmadeFile(.bytes, rows: count, [HandmadeFile.page(count, page, encoding: 6)])
        var batches = try file.open().batches(maxBytes: 4096)
        for _ in 0..<3 { #expect((1...1000).contains(try batches.next()?.count ?? 0)) }
    }

    @Test func streamsOfBytes() throws {
        let values: [Float] = [1.5, -2, .infinity, 0]
        let raw = values.map { littleEndian($0.bitPattern) }
        let split = (0..<4).flatMap { byte in raw.map { $0[byte] } }
        #expect(
            try HandmadeFile(.float, rows: 4, [HandmadeFile.page(4, split, encoding: 9)]).values()
                == ["x3fc00000", "xc0000000", "x7f800000", "x00000000"])
        expectFailure(.corrupt, "15 bytes are no whole number of values of 4 bytes") {
            _ = try HandmadeFile(.float, rows: 4, [HandmadeFile.page(4, Array(split.dropLast()), encoding: 9)]).values()
        }
        expectFailure(.corrupt, "5 values, but only 4 are left") {
            _ = try HandmadeFile(.float, rows: 5, [HandmadeFile.page(5, split, encoding: 9)]).values()
        }
    }
}
