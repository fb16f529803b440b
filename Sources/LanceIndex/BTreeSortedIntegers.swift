// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// Numbers in ascending order, nulls first. That they are in order is the file's word.
struct SortedIntegers: Sendable {
    let count: Int
    private let view: ByteView
    private let validity: Bitmap?
    private let width: Int
    private let isSigned: Bool

    /// The values of a column; nil where they are no integers.
    init?(_ column: Column) {
        guard column.type.isInteger, let width = column.type.byteWidth, case .fixed(let view) = column.storage else {
            return nil
        }
        switch column.type {
        case .int8, .int16, .int32, .int64: isSigned = true
        default: isSigned = false
        }
        count = column.count
        self.view = view
        validity = column.validity
        self.width = width
    }

    /// Bytes that the values take beyond those of the file.
    var byteCount: Int { view.region.isMapped ? 0 : view.count }

    func isNull(_ row: Int) -> Bool { validity.map { !$0[row] } ?? false }

    /// The value of a row that is not null.
    func value(_ row: Int) -> Int128 {
        view.withUnsafeBytes { bytes in
            let at = row * width
            switch (width, isSigned) {
            case (1, true): return Int128(bytes.loadUnaligned(fromByteOffset: at, as: Int8.self))
            case (2, true): return Int128(bytes.loadUnaligned(fromByteOffset: at, as: Int16.self))
            case (4, true): return Int128(bytes.loadUnaligned(fromByteOffset: at, as: Int32.self))
            case (8, true): return Int128(bytes.loadUnaligned(fromByteOffset: at, as: Int64.self))
            case (1, false): return Int128(bytes.loadUnaligned(fromByteOffset: at, as: UInt8.self))
            case (2, false): return Int128(bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self))
            case (4, false): return Int128(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            default: return Int128(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            }
        }
    }

    /// How many values come before `key`.
    func countBefore(_ key: Int128) -> Int { partitionPoint(count) { isNull($0) || value($0) < key } }

    /// How many values from `row` on are `key`.
    func run(of key: Int128, from row: Int) -> Int {
        var end = row
        while end < count, !isNull(end), value(end) == key { end += 1 }
        return end - row
    }

    /// Less than, equal to or greater than zero as value `row` stands to value `otherRow` of `other`.
    func order(_ row: Int, _ other: SortedIntegers, _ otherRow: Int) -> Int {
        switch (isNull(row), other.isNull(otherRow)) {
        case (true, true): return 0
        case (true, false): return -1
        case (false, true): return 1
        case (false, false):
            let (a, b) = (value(row), other.value(otherRow))
            return a < b ? -1 : a > b ? 1 : 0
        }
    }
}
