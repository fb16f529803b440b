// SPDX-License-Identifier: Apache-2.0

/// 1,024 values of `T` cut to `width` bits each, in an order that lets many be unpacked at a time.
///
/// Lanes of `T` stand side by side, 1024 / bits of T in number. A lane is a string of bits over its words, in which row
/// r takes the bits from r x width on; word k of lane l is `packed[k x lanes + l]`. Row r of lane l is value number
/// `order[r / 8] x 16 + (r % 8) x 128 + l`.
enum FastLanes {
    static let count = 1024

    /// Bytes that the packed values take.
    static func byteCount(width: Int) -> Int { count / 8 * width }

    private static let order = [0, 4, 2, 6, 1, 5, 3, 7]

    /// - Parameters:
    ///   - packed: `byteCount(width:)` bytes.
    ///   - width: 0 to the bits of `T`.
    ///   - values: room for all 1,024.
    @inline(__always)
    static func unpack<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ packed: UnsafeRawPointer, width: Int, into values: UnsafeMutablePointer<T>
    ) {
        guard width > 0 else {
            values.update(repeating: 0, count: count)
            return
        }
        let bits = T.bitWidth
        let lanes = count / bits
        let mask = width == bits ? T.max : (1 << T(width)) - 1
        for row in 0..<bits {
            let (word, shift) = (row * width).quotientAndRemainder(dividingBy: bits)
            let low = packed + word * lanes * MemoryLayout<T>.size
            let target = values + order[row / 8] * 16 + row % 8 * 128
            let right = T(truncatingIfNeeded: shift)
            if shift + width > bits {
                let high = low + lanes * MemoryLayout<T>.size
                let left = T(truncatingIfNeeded: bits - shift)
                for lane in 0..<lanes {
                    let a = T(littleEndian: low.loadUnaligned(fromByteOffset: lane * MemoryLayout<T>.size, as: T.self))
                    let b = T(littleEndian: high.loadUnaligned(fromByteOffset: lane * MemoryLayout<T>.size, as: T.self))
                    target[lane] = (a &>> right | b &<< left) & mask
                }
            } else {
                for lane in 0..<lanes {
                    let a = T(littleEndian: low.loadUnaligned(fromByteOffset: lane * MemoryLayout<T>.size, as: T.self))
                    target[lane] = a &>> right & mask
                }
            }
        }
    }
}
