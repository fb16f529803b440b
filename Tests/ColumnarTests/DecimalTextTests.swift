// SPDX-License-Identifier: Apache-2.0
import Columnar
import TestSupport
import Testing

struct DecimalTextTests {
    private static func bytes(_ value: Int128) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

    @Test(
        arguments: [
            (0, 0, "0"), (0, 3, "0.000"), (0, -3, "0"), (1, 0, "1"), (-1, 0, "-1"), (1, 3, "0.001"), (-1, 3, "-0.001"),
            (12345, 2, "123.45"), (-12345, 5, "-0.12345"), (-12345, 4, "-1.2345"), (7, -2, "700"), (-7, -2, "-700"),
            (256, 0, "256"), (-128, 0, "-128"), (-256, 1, "-25.6"),
        ] as [(Int128, Int, String)])
    func values(_ value: Int128, _ scale: Int, _ text: String) {
        #expect(DecimalText.text(Self.bytes(value), scale: scale) == text)
    }

    @Test func extremes() {
        #expect(DecimalText.text(Self.bytes(.max), scale: 0) == "\(Int128.max)")
        #expect(DecimalText.text(Self.bytes(.min), scale: 0) == "\(Int128.min)")
        // 32 bytes: 2^255 - 1 and -2^255.
        let digits = "57896044618658097711785492504343953926634992332820282019728792003956564819967"
        #expect(DecimalText.text(Array(repeating: 255, count: 31) + [127], scale: 0) == digits)
        #expect(DecimalText.text(Array(repeating: 0, count: 31) + [128], scale: 0) == "-" + digits.dropLast() + "8")
        #expect(DecimalText.text([], scale: 0) == "0")
        // What a type cannot have is bounded.
        #expect(DecimalText.text([1], scale: .max).count == 258)
        #expect(DecimalText.text([1], scale: .min).count == 257)
    }

    /// Against the language's own numbers.
    @Test func oracle() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<2000 {
            let value = Int128(truncatingIfNeeded: random.next()) << 64 | Int128(random.next())
            let shifted = value >> Int128(random.below(127))
            #expect(DecimalText.text(Self.bytes(shifted), scale: 0) == "\(shifted)")
        }
    }
}
