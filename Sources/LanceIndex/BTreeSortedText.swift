// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Texts in ascending order of their bytes, nulls first, compared where they lie (format reference: binary arrays).
///
/// ```
/// ends   n x u64: end of value i in the bytes; a null's is the end before it + adjustment
/// bytes  values one after another
/// ```
/// That they are in order is the file's word; where they are not, searches end all the same.
struct SortedText: Sendable {
    let count: Int
    private let ends: ByteView
    private let bytes: ByteView
    private let adjustment: UInt64
    /// Where value 0 begins.
    private let start: UInt64

    /// Values `rows` of a page of file version 2.0 in place; nil where they do not lie in it as they are, or
    /// the file is elsewhere.
    init?(_ page: Page, rows: Range<Int>) throws {
        guard case .array(let encoding) = page.encoding, case .binary(let binary) = Self.values(encoding).array,
            case .flat(let indices) = Self.values(binary.indices).array, indices.bitsPerValue == 64,
            case .flat(let data) = Self.values(binary.bytes).array, data.bitsPerValue == 8,
            !indices.hasCompression, !data.hasCompression,
            indices.buffer.bufferType == .page, data.buffer.bufferType == .page,
            let all = try page.buffer(Int(indices.buffer.bufferIndex)).inMemory,
            let stored = try page.buffer(Int(data.buffer.bufferIndex)).inMemory
        else { return nil }
        count = rows.count
        ends = try all.slice(rows.lowerBound * 8, rows.count * 8, "the offsets of a text page")
        bytes = stored
        adjustment = binary.nullAdjustment
        if rows.lowerBound > 0 {
            let before = try all.load(UInt64.self, at: (rows.lowerBound - 1) * 8)
            start = before >= adjustment ? before - adjustment : before
        } else {
            start = 0
        }
    }

    /// The array below a `nullable` that says there are no nulls: text says it with its offsets.
    private static func values(_ encoding: ProtoArrayEncoding) -> ProtoArrayEncoding {
        if case .nullable(let nullable) = encoding.array, case .noNulls(let values) = nullable.nullability {
            return values.values
        }
        return encoding
    }

    /// The values of a decoded column; nil where it is no text.
    init?(_ column: Column) {
        guard column.type.isText, case .variable(let offsets, let data) = column.storage else { return nil }
        let adjustment = UInt64(data.count) + 1
        count = column.count
        ends =
            Region(count: column.count * 8, name: data.region.name) { target in
                for row in 0..<column.count {
                    let entry = UInt64(offsets[row + 1]) + (column.isNull(row) ? adjustment : 0)
                    target.storeBytes(of: entry.littleEndian, toByteOffset: row * 8, as: UInt64.self)
                }
            }.view
        bytes = data
        self.adjustment = adjustment
        start = UInt64(offsets.first ?? 0)
    }

    /// Bytes that the values take beyond those of the file.
    var byteCount: Int { ends.region.isMapped ? 0 : ends.count + bytes.count }

    /// Runs `body` on what the values are read from: once for a search, not once for a value.
    @inline(__always)
    private func withCells<R>(_ body: (Cells) throws -> R) rethrows -> R {
        try ends.withUnsafeBytes { ends in
            try bytes.withUnsafeBytes { bytes in
                try body(Cells(ends: ends, bytes: bytes, adjustment: adjustment, start: start))
            }
        }
    }

    private struct Cells {
        let ends: UnsafeRawBufferPointer
        let bytes: UnsafeRawBufferPointer
        let adjustment: UInt64
        let start: UInt64

        /// The bytes of a value; nil where it is null. `row` is less than the count, which `ends` was cut to.
        @inline(__always)
        func value(_ row: Int) throws -> UnsafeRawBufferPointer? {
            let entry = UInt64(littleEndian: ends.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self))
            guard entry < adjustment else { return nil }
            var first = start
            if row > 0 {
                first = UInt64(littleEndian: ends.loadUnaligned(fromByteOffset: row * 8 - 8, as: UInt64.self))
                if first >= adjustment { first -= adjustment }
            }
            guard first <= entry, entry <= UInt64(bytes.count) else {
                throw Failure(.corrupt, "a text of bytes \(first) to \(entry) of \(bytes.count)")
            }
            return UnsafeRawBufferPointer(rebasing: bytes[Int(first)..<Int(entry)])
        }
    }

    func isNull(_ row: Int) throws -> Bool { try withCells { try $0.value(row) == nil } }

    /// How many values come before `key`.
    func countBefore(_ key: [UInt8]) throws -> Int {
        try withCells { cells in
            try key.withUnsafeBytes { key in
                try partitionPoint(count) { row in
                    guard let value = try cells.value(row) else { return true }
                    return Self.order(value, key) < 0
                }
            }
        }
    }

    /// Whether a value is `key` or comes before it.
    func isNotAfter(_ key: [UInt8], _ row: Int) throws -> Bool {
        try withCells { cells in
            guard let value = try cells.value(row) else { return true }
            return key.withUnsafeBytes { Self.order(value, $0) <= 0 }
        }
    }

    /// How many values from `row` on are `key`.
    func run(of key: [UInt8], from row: Int) throws -> Int {
        try withCells { cells in
            try key.withUnsafeBytes { key in
                var end = row
                while end < count, let value = try cells.value(end), Self.order(value, key) == 0 { end += 1 }
                return end - row
            }
        }
    }

    /// Less than, equal to or greater than zero as value `row` stands to value `otherRow` of `other`.
    func order(_ row: Int, _ other: SortedText, _ otherRow: Int) throws -> Int {
        try withCells { mine in
            try other.withCells { theirs in
                guard let a = try mine.value(row) else { return try theirs.value(otherRow) == nil ? 0 : -1 }
                guard let b = try theirs.value(otherRow) else { return 1 }
                return Self.order(a, b)
            }
        }
    }

    @inline(__always)
    private static func order(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let shared = min(a.count, b.count)
        if shared > 0, let a = a.baseAddress, let b = b.baseAddress {
            let order = memcmp(a, b, shared)
            if order != 0 { return Int(order) }
        }
        return a.count - b.count
    }
}

/// How many of the first rows `isBefore`, where all that are come before all that are not; some number up to `count`
/// otherwise.
@inline(__always)
func partitionPoint(_ count: Int, _ isBefore: (Int) throws -> Bool) rethrows -> Int {
    var low = 0
    var high = count
    while low < high {
        let middle = (low + high) / 2
        if try isBefore(middle) { low = middle + 1 } else { high = middle }
    }
    return low
}
