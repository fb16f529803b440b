// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// A table of a FlatBuffers message: as much of the format as an Arrow file's metadata needs.
///
/// ```
/// table   i32 distance back to its vtable | inline fields
/// vtable  u16 size | u16 table size | u16 offset of field 0 in the table (0: absent) | …
/// ```
/// Offsets to other objects are u32, counted from where they stand.
struct FlatBufferTable {
    private let buffer: ByteView
    private let position: Int

    /// The root table of a message.
    init(root buffer: ByteView) throws {
        self.buffer = buffer
        position = Int(try buffer.load(UInt32.self, at: 0))
    }

    private init(_ buffer: ByteView, _ position: Int) {
        self.buffer = buffer
        self.position = position
    }

    /// Where field `index` stands; nil when it is absent.
    private func field(_ index: Int) throws -> Int? {
        let vtable = position - Int(try buffer.load(Int32.self, at: position))
        let size = Int(try buffer.load(UInt16.self, at: vtable))
        guard 4 + index * 2 + 2 <= size else { return nil }
        let offset = Int(try buffer.load(UInt16.self, at: vtable + 4 + index * 2))
        return offset == 0 ? nil : position + offset
    }

    func scalar<T: FixedWidthInteger & BitwiseCopyable>(_ index: Int, default value: T) throws -> T {
        try field(index).map { try buffer.load(T.self, at: $0) } ?? value
    }

    func table(_ index: Int) throws -> FlatBufferTable? {
        try target(index).map { FlatBufferTable(buffer, $0) }
    }

    /// The bytes of a vector of `stride`-byte structs.
    func structs(_ index: Int, stride: Int) throws -> ByteView? {
        guard let start = try target(index) else { return nil }
        let count = Int(try buffer.load(UInt32.self, at: start))
        return try buffer.slice(start + 4, count * stride, "a vector of \(count) structs")
    }

    private func target(_ index: Int) throws -> Int? {
        guard let place = try field(index) else { return nil }
        return place + Int(try buffer.load(UInt32.self, at: place))
    }
}
