// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Collects which rows are valid. Costs nothing until the first null.
struct ValidityBits {
    private var bytes: [UInt8] = []
    private(set) var count = 0
    private(set) var nulls = 0

    mutating func append(valid more: Int) {
        if nulls > 0 { setRoom(more, filling: true) }
        count += more
    }

    mutating func append(nulls more: Int) {
        if more == 0 { return }
        materialize()
        setRoom(more, filling: false)
        count += more
        nulls += more
    }

    /// One row for each level; those at `level` are valid, and there are `valid` of them.
    mutating func append(_ levels: UnsafeBufferPointer<UInt8>, level: UInt8, valid: Int) {
        if valid == levels.count { return append(valid: valid) }
        materialize()
        setRoom(levels.count, filling: false)
        bytes.withUnsafeMutableBufferPointer { bytes in
            for index in levels.indices where levels[index] == level {
                let bit = count + index
                bytes[bit >> 3] |= 1 << UInt8(bit & 7)
            }
        }
        count += levels.count
        nulls += levels.count - valid
    }

    /// Writes the ones of all rows so far, once there is a null.
    private mutating func materialize() {
        guard nulls == 0 else { return }
        bytes = [UInt8](repeating: 0xff, count: count / 8)
        if count & 7 != 0 { bytes.append(UInt8((1 << (count & 7)) - 1)) }
    }

    private mutating func setRoom(_ more: Int, filling: Bool) {
        if filling, count & 7 != 0, more > 0 {
            let free = min(8 - count & 7, more)
            bytes[count >> 3] |= UInt8(((1 << free) - 1) << (count & 7))
        }
        let size = (count + more + 7) / 8
        if size > bytes.count {
            bytes.append(contentsOf: repeatElement(filling ? 0xff : 0, count: size - bytes.count))
        }
        // Bits past the end stay 0: the next rows set theirs.
        let used = (count + more) & 7
        if filling, used != 0 { bytes[size - 1] &= UInt8((1 << used) - 1) }
    }

    /// Nil where no row is null.
    func finish() throws -> Bitmap? {
        nulls == 0 ? nil : try Bitmap(Region(copying: bytes, name: "validity").view, count: count)
    }
}
