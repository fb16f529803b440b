// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto
import Testing
import TestSupport

/// Bit-packed values of every type and width, packed here bit by bit.
struct FastLanesTests {
    /// 1,024 values, as the format lays them out.
    static func packed(_ values: [UInt64], bits: Int, width: Int) -> [UInt8] {
        let lanes = 1024 / bits
        var bytes = [UInt8](repeating: 0, count: 128 * width)
        for row in 0..<bits {
            for lane in 0..<lanes {
                let value = values[[0, 4, 2, 6, 1, 5, 3, 7][row / 8] * 16 + row % 8 * 128 + lane]
                for bit in 0..<width where value >> UInt64(bit) & 1 == 1 {
                    let place = row * width + bit
                    let at = (place / bits * lanes + lane) * bits + place % bits
                    bytes[at / 8] |= 1 << UInt8(at % 8)
                }
            }
        }
        return bytes
    }

    static func values(_ width: Int, _ random: inout SplitMix64) -> [UInt64] {
        (0..<1024).map { _ in width == 0 ? 0 : random.next() >> UInt64(64 - width) }
    }

    static func read(_ file: HandMadeFile, _ count: Int) async throws -> [UInt64] {
        let column = try await file.column().read(0..<count)
        return try (0..<count).map { row in
            guard case .uint(let value) = try column.value(row) else { throw CheckFailure("row \(row) is no integer") }
            return value
        }
    }

    @Test(arguments: [8, 16, 32, 64]) func everyWidthBehindItsHeader(_ bits: Int) async throws {
        var random = SplitMix64(seed: 65)
        for width in 0...bits {
            let values = Self.values(width, &random)
            let header = (0..<bits / 8).map { $0 == 0 ? UInt8(width) : 0 }
            // Also counts whose raw size is that of the packed chunk.
            for count in [1, 2 * width + 1, 16 * width, 1000, 1024] where (1...1024).contains(count) {
                let file = HandMadeFile(
                    "uint\(bits)", chunkOf: UInt64(count), .packed(UInt64(bits)),
                    [header + Self.packed(values, bits: bits, width: width)])
                try check(await Self.read(file, count) == Array(values[..<count]), "\(width) bits, \(count) values")
            }
        }
    }

    /// Without a header: whole chunks, and a rest that is packed or as it is, by its size.
    @Test(arguments: [8, 16, 32, 64]) func everyWidthInADictionary(_ bits: Int) async throws {
        var random = SplitMix64(seed: 66)
        for width in 1...bits {
            let values = Self.values(width, &random) + Self.values(width, &random)
            let first = Self.packed(Array(values[..<1024]), bits: bits, width: width)
            let second = Self.packed(Array(values[1024...]), bits: bits, width: width)
            for (count, isRaw) in [(1024, false), (1030, false), (1030, true), (2048, false), (7, true)] {
                var bytes = count > 1024 ? first : []
                if isRaw {
                    for value in values[(count > 1024 ? 1024 : 0)..<count] {
                        bytes += (0..<bits / 8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
                    }
                } else {
                    bytes += count > 1024 ? second : first
                }
                // Rows that name each item once, which are not packed.
                var indices = ByteWriter()
                for index in 0..<count { indices.write(UInt16(index)) }
                let file = HandMadeFile(
                    "uint\(bits)", chunkOf: UInt64(count), .flat(16), [indices.bytes],
                    dictionary: (.packed(UInt64(bits), to: UInt64(width)), bytes), items: UInt64(count))
                try check(await Self.read(file, count) == Array(values[..<count]), "\(width) bits, \(count), \(isRaw)")
            }
        }
    }
}
