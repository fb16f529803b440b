// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// A page of text of file version 2.0 that is neither compressed nor a dictionary (format reference: binary arrays).
///
/// ```
/// ends   n x u64: end of value i in the bytes; a null's is the end before it + adjustment
/// bytes  values one after another
/// ```
///
/// Only pointers: whoever makes one keeps the views that they point into.
struct TextPage: BitwiseCopyable {
    let firstRow: Int
    private let rowCount: Int
    private let adjustment: UInt64
    private let firstEnd: UnsafeRawPointer?
    private let firstByte: UnsafeRawPointer?
    private let byteCount: UInt64

    /// False for a page of another kind.
    var isInPlace: Bool { firstEnd != nil }

    init(_ page: Page, keeping views: inout [ByteView]) {
        firstRow = page.firstRow
        rowCount = page.rowCount
        guard case .array(let encoding) = page.encoding, case .binary(let binary) = Self.values(encoding).array,
            case .flat(let indices) = Self.values(binary.indices).array, indices.bitsPerValue == 64,
            case .flat(let data) = Self.values(binary.bytes).array, data.bitsPerValue == 8,
            !indices.hasCompression, !data.hasCompression,
            indices.buffer.bufferType == .page, data.buffer.bufferType == .page,
            let ends = try? page.buffer(Int(indices.buffer.bufferIndex)).inMemory,
            let bytes = try? page.buffer(Int(data.buffer.bufferIndex)).inMemory, ends.count / 8 >= page.rowCount
        else {
            (firstEnd, firstByte, byteCount, adjustment) = (nil, nil, 0, 0)
            return
        }
        views += [ends, bytes]
        firstEnd = ends.withUnsafeBytes { $0.baseAddress }
        firstByte = bytes.withUnsafeBytes { $0.baseAddress }
        byteCount = UInt64(bytes.count)
        adjustment = binary.nullAdjustment
    }

    /// The array below a `nullable` that says there are no nulls: text says it with its offsets.
    private static func values(_ encoding: ProtoArrayEncoding) -> ProtoArrayEncoding {
        if case .nullable(let nullable) = encoding.array, case .noNulls(let values) = nullable.nullability {
            return values.values
        }
        return encoding
    }

    /// A row's end as it stands in the page.
    @inline(__always)
    private func end(_ row: Int, _ firstEnd: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: firstEnd.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self))
    }

    /// A row's value in the page's bytes; nil for a null.
    private func range(_ row: Int, _ firstEnd: UnsafeRawPointer) throws -> Range<UInt64>? {
        guard row >= 0, row < rowCount else {
            throw Failure(.corrupt, "row \(row) of a page of \(rowCount) rows of text")
        }
        let end = end(row, firstEnd)
        guard end < adjustment else { return nil }
        var start: UInt64 = 0
        if row > 0 {
            let before = self.end(row - 1, firstEnd)
            start = before >= adjustment ? before - adjustment : before
        }
        guard start <= end, end <= byteCount else {
            throw Failure(.corrupt, "row \(row) of a page is the text from byte \(start) to \(end) of \(byteCount)")
        }
        return start..<end
    }

    func memory(of row: Int, isText: Bool) -> UnsafeRawBufferPointer? {
        guard let firstEnd, row >= 0, row < rowCount else { return nil }
        // The row's end and, mostly in the same cache line, that of the row before.
        guard isText else { return UnsafeRawBufferPointer(start: firstEnd + max(row - 1, 0) * 8, count: 16) }
        guard let range = try? range(row, firstEnd), let firstByte else { return nil }
        // What follows comes by itself when the beginning is read.
        return UnsafeRawBufferPointer(start: firstByte + Int(range.lowerBound), count: min(range.count, 512))
    }

    func text(at row: Int) throws -> String? {
        guard let firstEnd, let range = try range(row, firstEnd) else { return nil }
        let bytes = UnsafeRawBufferPointer(
            start: firstByte.map { $0 + Int(range.lowerBound) }, count: range.count)
        return try Self.text(bytes, row: row)
    }

    /// - Parameter row: for the error where the bytes are not UTF-8.
    static func text(_ bytes: UnsafeRawBufferPointer, row: Int) throws -> String {
        let units = bytes.bindMemory(to: UInt8.self)
        // ASCII needs no validating, which costs more than the rest.
        if isASCII(bytes) { return String(decoding: units, as: UTF8.self) }
        guard let text = String(validating: units, as: UTF8.self) else {
            throw Failure(.corrupt, "row \(row) of a page is not valid UTF-8")
        }
        return text
    }

    private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var seen = SIMD16<UInt8>.zero
        var index = 0
        while index + 16 <= bytes.count {
            seen |= bytes.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
            index += 16
        }
        var rest: UInt8 = 0
        while index < bytes.count {
            rest |= bytes[index]
            index += 1
        }
        return rest < 0x80 && seen.max() < 0x80
    }
}
