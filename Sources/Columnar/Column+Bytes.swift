// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Columns from and to plain memory, for the rooms that do not know `ByteView`.
extension Column {
    /// A column of `count` values of a fixed width, which stand one after another in `bytes`.
    ///
    /// - Parameter validity: one entry a value, false for null; nil where none is null.
    package init(_ type: DataType, count: Int, copying bytes: UnsafeRawBufferPointer, validity: [Bool]? = nil) throws {
        try self.init(
            type, count: count, validity: validity.map { Bitmap($0) },
            storage: .fixed(Region(copying: bytes, name: "values").view))
    }

    /// The memory of the values: `type.byteWidth` bytes each where the storage is `fixed`, the data that the offsets
    /// point into where it is `variable`, and nothing for every other storage.
    ///
    /// The pointer is valid during the call only.
    package func withValueBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        switch storage {
        case .fixed(let view), .variable(_, let view): return try view.withUnsafeBytes(body)
        default: return try body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }
}

extension Column {
    /// The same values with the nulls that `validity` says: one entry a value, false for null.
    package func masked(_ validity: [Bool]) throws -> Column {
        try Column(type, count: count, validity: Bitmap(validity), storage: storage)
    }
}
