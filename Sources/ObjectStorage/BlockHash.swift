// SPDX-License-Identifier: Apache-2.0

/// A hash of 64 bits, for names and against damage: not against somebody who means to deceive.
///
/// Four lanes of 64-bit words, so that the processor works on four multiplications at a time. Every step is a
/// one-to-one function of the word and of the lane, so that damage within one word never goes unseen; other damage
/// does once in 2⁶⁴.
package enum BlockHash {
    private static let odd: UInt64 = 0x9e37_79b9_7f4a_7c15
    private static let other: UInt64 = 0xd6e8_feb8_6659_fd93

    package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var (a, b, c, d) = (seed &+ odd, seed ^ other, seed, seed &- odd)
        var offset = 0
        let whole = bytes.count / 32 * 32
        while offset < whole {
            a = step(a, word(bytes, offset))
            b = step(b, word(bytes, offset + 8))
            c = step(c, word(bytes, offset + 16))
            d = step(d, word(bytes, offset + 24))
            offset += 32
        }
        var result = UInt64(bytes.count)
        for lane in [a, b, c, d] { result = step(result, lane) }
        while offset + 8 <= bytes.count {
            result = step(result, word(bytes, offset))
            offset += 8
        }
        var last: UInt64 = 0
        for byte in bytes[offset...].reversed() { last = last << 8 | UInt64(byte) }
        result = step(result, last)
        result = (result ^ result >> 32) &* odd
        return result ^ result >> 29
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        let mixed = lane ^ (word &* other)
        return (mixed << 31 | mixed >> 33) &* odd
    }
}
