// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Testing
import TestSupport

struct RoaringBitmapTests {
    private func parsed(_ bytes: [UInt8], limit: Int = Int(UInt32.max)) throws -> [UInt32] {
        try RoaringBitmap(parsing: ByteView(copying: bytes), limit: limit).values
    }

    @Test func roundTrips() throws {
        var random = SplitMix64(seed: 21)
        for round in 0..<60 {
            var values: [UInt32] = []
            for _ in 0..<random.below(5) {
                let high = UInt32(random.below(round % 2 == 0 ? 3 : 65_536)) << 16
                // Both sides of the limit between arrays (4,096) and bits.
                let count = [1, 10, 4095, 4096, 4097, 20_000, 65_536][random.below(7)]
                values += (0..<count).map { _ in high | UInt32(random.below(65_536)) }
                if round % 7 == 0 { values += (0..<65_536).map { high | $0 } }
            }
            let bitmap = RoaringBitmap(values.shuffled(using: &random))
            let expected = Set(values).sorted()
            #expect(bitmap.values == expected)
            #expect(try parsed(bitmap.serialized) == expected)
            #expect(bitmap.count == expected.count && bitmap.isEmpty == expected.isEmpty)
            for probe in (values.prefix(20) + [0, 1, UInt32.max]) {
                #expect(bitmap.contains(probe) == (expected.binarySearch(probe)))
            }
        }
        #expect(try parsed(RoaringBitmap([0, UInt32.max]).serialized) == [0, UInt32.max])
    }

    /// The bytes that the format's definition gives for {1, 2, 3, 65536 + 5, 65536 + 6}, and for nothing.
    @Test func goldenBytes() throws {
        let golden: [UInt8] = [
            0x3a, 0x30, 0, 0, 2, 0, 0, 0,
            0, 0, 2, 0, 1, 0, 1, 0,
            24, 0, 0, 0, 30, 0, 0, 0,
            1, 0, 2, 0, 3, 0, 5, 0, 6, 0,
        ]
        #expect(RoaringBitmap([3, 1, 2, 65_541, 65_542, 1]).serialized == golden)
        #expect(try parsed(golden) == [1, 2, 3, 65_541, 65_542])
        #expect(RoaringBitmap().serialized == [0x3a, 0x30, 0, 0, 0, 0, 0, 0])
        #expect(try parsed([0x3a, 0x30, 0, 0, 0, 0, 0, 0]) == [])
    }

    /// Below four containers a bitmap with runs has no offsets; from four on it has.
    @Test func runContainers() throws {
        let one: [UInt8] = [0x3b, 0x30, 0, 0, 0x01, 0, 0, 6, 0, 2, 0, 10, 0, 4, 0, 0xfe, 0xff, 1, 0]
        #expect(try parsed(one) == [10, 11, 12, 13, 14, 65_534, 65_535])
        // A run and an array in one bitmap.
        let two: [UInt8] = [0x3b, 0x30, 1, 0, 0b10, 0, 0, 1, 0, 3, 0, 2, 0, 7, 0, 9, 0, 1, 0, 100, 0, 2, 0]
        #expect(try parsed(two) == [7, 9, 196_708, 196_709, 196_710])
        var four: [UInt8] = [0x3b, 0x30, 3, 0, 0b1111]
        for key in 0..<4 { four += [UInt8(key), 0, 0, 0] }
        four += [UInt8](repeating: 0xcc, count: 16)
        for key in 0..<4 { four += [1, 0, UInt8(key), 0, 0, 0] }
        #expect(try parsed(four) == [0, 65_537, 131_074, 196_611])
        // A full container in eleven bytes and a cookie.
        let full: [UInt8] = [0x3b, 0x30, 0, 0, 1, 0, 0, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0xff]
        #expect(try parsed(full) == Array(0...65_535))
    }

    @Test(
        arguments: [
            ("no cookie", [1, 2, 3]),
            ("unknown cookie", [0x39, 0x30, 0, 0, 0, 0, 0, 0]),
            ("65,537 containers", [0x3a, 0x30, 0, 0, 1, 0, 1, 0]),
            ("4 billion containers", [0x3a, 0x30, 0, 0, 0xff, 0xff, 0xff, 0xff]),
            ("no containers there", [0x3a, 0x30, 0, 0, 2, 0, 0, 0]),
            ("no run flags", [0x3b, 0x30, 0xff, 0xff]),
            (
                "keys that do not ascend",
                [0x3a, 0x30, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0]
            ),
            ("values that do not ascend", [0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 16, 0, 0, 0, 5, 0, 5, 0]),
            ("a run past the end", [0x3b, 0x30, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0xff, 0xff, 1, 0]),
            ("runs that overlap", [0x3b, 0x30, 0, 0, 1, 0, 0, 3, 0, 2, 0, 1, 0, 1, 0, 2, 0, 1, 0]),
            ("another cardinality", [0x3b, 0x30, 0, 0, 1, 0, 0, 9, 0, 1, 0, 1, 0, 1, 0]),
            ("bits that are not there", [0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 16, 0, 0, 0, 1, 2]),
        ] as [(String, [UInt8])]) func hostileBytesThrow(_ what: String, _ bytes: [UInt8])
    {
        #expect(throws: Failure.self, "\(what)") { try parsed(bytes) }
    }

    /// 65,536 full containers of ten bytes each stand for four billion values; the limit stops them early.
    @Test func theLimitStopsABomb() throws {
        var writer = ByteWriter()
        writer.write(UInt32(0xffff) << 16 | 12347)
        writer.write(repeating: 0xff, count: 8192)
        for key in 0..<65_536 {
            writer.write(UInt16(key))
            writer.write(UInt16.max)
        }
        writer.write(repeating: 0, count: 4 * 65_536)
        for _ in 0..<65_536 { writer.write([1, 0, 0, 0, 0xff, 0xff]) }
        #expect(throws: Failure.self) { try parsed(writer.bytes, limit: 1_000_000) }
        let golden = RoaringBitmap(0..<5000).serialized
        #expect(try parsed(golden, limit: 5000).count == 5000)
        #expect(throws: Failure.self) { try parsed(golden, limit: 4999) }
    }

    @Test func damageThrowsOrGivesASet() throws {
        var random = SplitMix64(seed: 22)
        let plain = RoaringBitmap((0..<300).map { $0 * 700 }).serialized
        let runs: [UInt8] = [0x3b, 0x30, 1, 0, 0b10, 0, 0, 1, 0, 3, 0, 2, 0, 7, 0, 9, 0, 1, 0, 100, 0, 2, 0]
        for good in [plain, runs] {
            for cut in 0..<good.count { #expect(throws: Failure.self) { try parsed(Array(good[..<cut])) } }
            for _ in 0..<5000 {
                var bytes = good
                for _ in 0...random.below(3) {
                    bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
                }
                guard let values = try? parsed(bytes, limit: 1 << 20) else { continue }
                #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
            }
        }
    }
}

extension [UInt32] {
    fileprivate func binarySearch(_ value: UInt32) -> Bool {
        let index = partitioningIndex { $0 >= value }
        return index < count && self[index] == value
    }

    private func partitioningIndex(_ isAfter: (UInt32) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
