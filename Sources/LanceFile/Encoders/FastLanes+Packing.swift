// SPDX-License-Identifier: Apache-2.0

extension FastLanes {
    /// The inverse of `unpack`.
    ///
    /// - Parameters:
    ///   - values: 1,024 of them, none of more than `width` bits.
    ///   - width: 0 to the bits of `T`.
    ///   - packed: room for `byteCount(width:)` bytes.
    @inline(__always)
    static func pack<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ values: UnsafePointer<T>, width: Int, into packed: UnsafeMutablePointer<T>
    ) {
        let bits = T.bitWidth
        let lanes = count / bits
        packed.update(repeating: 0, count: width * lanes)
        guard width > 0 else { return }
        for row in 0..<bits {
            let (word, shift) = (row * width).quotientAndRemainder(dividingBy: bits)
            let source = values + firstValue(ofRow: row)
            let low = packed + word * lanes
            let left = T(truncatingIfNeeded: shift)
            for lane in 0..<lanes { low[lane] |= source[lane] &<< left }
            if shift + width > bits {
                let high = low + lanes
                let right = T(truncatingIfNeeded: bits - shift)
                for lane in 0..<lanes { high[lane] |= source[lane] &>> right }
            }
        }
    }

    /// Number of the value that row `row` of lane 0 holds: the row's eighth with its three bits reversed, and its rest.
    private static func firstValue(ofRow row: Int) -> Int {
        let eighth = row / 8
        let reversed = (eighth & 1) << 2 | eighth & 2 | eighth >> 2
        return reversed * 16 + row % 8 * 128
    }
}
