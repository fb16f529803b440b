// SPDX-License-Identifier: Apache-2.0

/// Reads a `ByteView` from front to back.
package struct ByteReader {
    package let view: ByteView
    package private(set) var position = 0

    package init(_ view: ByteView) { self.view = view }

    package var remaining: Int { view.count - position }
    package var isAtEnd: Bool { position == view.count }

    package mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) throws -> T {
        let value = try view.load(T.self, at: position)
        position += MemoryLayout<T>.size
        return value
    }

    package mutating func bytes(_ length: Int, _ what: @autoclosure () -> String = "bytes") throws -> ByteView {
        let part = try view.slice(position, length, what())
        position += length
        return part
    }

    package mutating func skip(_ length: Int) throws { _ = try bytes(length) }

    /// An unsigned LEB128 integer (protobuf, Thrift compact, Parquet) of at most 64 bits.
    package mutating func varint() throws -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try read(UInt8.self)
            // The tenth byte holds bit 63 alone.
            guard shift < 63 || byte <= 1 else { throw view.corrupt("an integer of more than 64 bits", at: position) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// A zig-zag encoded signed integer.
    package mutating func zigzag() throws -> Int64 {
        let raw = try varint()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    package func corrupt(_ message: String) -> Failure { view.corrupt(message, at: position) }
}
