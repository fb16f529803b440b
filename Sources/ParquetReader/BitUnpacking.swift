// SPDX-License-Identifier: Apache-2.0

/// Takes integers of any number of bits out of bytes.
enum BitUnpacking {
    /// `count` values of `width` bits (0 ... 64), the lowest bit first, beginning at bit `first`.
    ///
    /// The caller has made sure that all of these bits are inside of `bytes`.
    static func unpack<T: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, first: Int, width: Int, count: Int, into target: UnsafeMutablePointer<T>
    ) {
        if width == 0 {
            target.update(repeating: 0, count: count)
            return
        }
        let mask = width == 64 ? UInt64.max : (1 << UInt64(width)) - 1
        var bit = first
        var index = 0
        // A value of up to 57 bits lies in the eight bytes from its first on, whatever bit it begins with.
        if width <= 57 {
            let lastBit = (bytes.count - 8) * 8 + 7
            while index < count, bit <= lastBit {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: bit >> 3, as: UInt64.self))
                target[index] = T(truncatingIfNeeded: word >> UInt64(bit & 7) & mask)
                bit += width
                index += 1
            }
        }
        while index < count {
            target[index] = T(truncatingIfNeeded: assemble(bytes, bit: bit, width: width) & mask)
            bit += width
            index += 1
        }
    }

    /// One value byte by byte, for the end of the buffer and for values that spread over nine bytes.
    private static func assemble(_ bytes: UnsafeRawBufferPointer, bit: Int, width: Int) -> UInt64 {
        let shift = bit & 7
        var value: UInt64 = 0
        for place in 0..<(shift + width + 7) / 8 {
            let byte = UInt64(bytes[(bit >> 3) + place])
            let left = place * 8 - shift
            value |= left < 0 ? byte >> UInt64(-left) : byte << UInt64(left)
        }
        return value
    }

    /// The same with the highest bit of each byte first, as levels were packed in the format's first version.
    static func unpackHighestFirst(
        _ bytes: UnsafeRawBufferPointer, first: Int, width: Int, count: Int, into target: UnsafeMutablePointer<UInt8>
    ) {
        var bit = first
        for index in 0..<count {
            var value: UInt8 = 0
            for _ in 0..<width {
                value = value << 1 | bytes[bit >> 3] >> UInt8(7 - bit & 7) & 1
                bit += 1
            }
            target[index] = value
        }
    }
}
