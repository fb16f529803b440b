// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// The two files of an index segment as one input.
///
/// ```
/// u32 length of the first | the first | the second
/// ```
package struct TwoFiles {
    package var first: [UInt8]
    package var second: [UInt8]

    package init(_ first: [UInt8], _ second: [UInt8]) {
        self.first = first
        self.second = second
    }

    /// Any bytes are two files: a length beyond the end leaves nothing for the second.
    package init(parsing bytes: [UInt8]) {
        guard bytes.count >= 4 else {
            self.init([], [])
            return
        }
        let length = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << ($1 * 8) }
        let end = 4 + min(length, bytes.count - 4)
        self.init(Array(bytes[4..<end]), Array(bytes[end...]))
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt32(truncatingIfNeeded: first.count))
        writer.write(first)
        writer.write(second)
        return writer.bytes
    }
}
