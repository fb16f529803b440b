// SPDX-License-Identifier: Apache-2.0

/// Decimals as text: all digits, and no exponent.
package enum DecimalText {
    /// - Parameters:
    ///   - bytes: a little-endian number in two's complement, of any width.
    ///   - scale: how many of its decimal digits stand after the point; of a negative one, how many zeros follow it.
    package static func text(_ bytes: [UInt8], scale: Int) -> String {
        let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
        var rest = Array(bytes.reversed())
        if isNegative {
            // The magnitude, byte by byte from the lowest one up.
            var carry: UInt16 = 1
            for index in rest.indices.reversed() {
                let sum = UInt16(~rest[index]) + carry
                rest[index] = UInt8(truncatingIfNeeded: sum)
                carry = sum >> 8
            }
        }
        var digits: [UInt8] = []
        while rest.contains(where: { $0 != 0 }) {
            var remainder = 0
            for index in rest.indices {
                let part = remainder << 8 | Int(rest[index])
                rest[index] = UInt8(part / 10)
                remainder = part % 10
            }
            digits.append(UInt8(ascii: "0") + UInt8(remainder))
        }
        let zero = UInt8(ascii: "0")
        // A scale beyond any type's is not worth its zeros.
        let scale = min(max(scale, -256), 256)
        if scale < 0, !digits.isEmpty { digits.insert(contentsOf: repeatElement(zero, count: -scale), at: 0) }
        while digits.count <= max(scale, 0) { digits.append(zero) }
        if scale > 0 { digits.insert(UInt8(ascii: "."), at: scale) }
        if isNegative { digits.append(UInt8(ascii: "-")) }
        return String(decoding: digits.reversed(), as: UTF8.self)
    }
}
