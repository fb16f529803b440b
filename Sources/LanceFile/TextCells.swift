// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Single values of a text column: for the few rows of a search's result, where building columns would cost more than
/// the search.
package final class TextCells: Sendable {
    private let column: ColumnReader
    /// One a page; nil for a page whose values do not lie in the file as they are.
    private let pages: [TextPage?]

    package init(_ column: ColumnReader) {
        self.column = column
        pages = column.pages.map { TextPage($0) }
    }

    /// Looks at where a row's value is, or with `isSecond` at the value itself, so that it is in cache when it is read.
    /// For many rows in a loop: they wait for memory together.
    ///
    /// Returns something that depends on what was looked at.
    package func touch(_ row: Int, isSecond: Bool) -> UInt64 {
        let index = column.pageIndex(of: row)
        guard index < pages.count, let page = pages[index] else { return 0 }
        return page.touch(row - column.pages[index].firstRow, isSecond: isSecond)
    }

    /// The value of a row where it lies in the file as it is: nil where it does not, or is out of range, and an empty
    /// optional where it is null. For loops that should not pay for `async`.
    package func textInPlace(at row: Int) throws -> String?? {
        let index = column.pageIndex(of: row)
        guard index < pages.count, let page = pages[index] else { return nil }
        return .some(try page.text(at: row - column.pages[index].firstRow))
    }

    /// The value of a row; nil where it is null.
    package func text(at row: Int) async throws -> String? {
        let index = column.pageIndex(of: row)
        if index < pages.count, let page = pages[index] {
            return try page.text(at: row - column.pages[index].firstRow)
        }
        guard case .string(let text) = try await column.read(row..<row + 1).value(0) else { return nil }
        return text
    }
}

/// A page of text of file version 2.0 that is neither compressed nor a dictionary (format reference: binary arrays).
///
/// ```
/// ends   n x u64: end of value i in the bytes; a null's is the end before it + adjustment
/// bytes  values one after another
/// ```
private struct TextPage: @unchecked Sendable {
    // Unchecked: the pointers are into the views, which are Sendable and kept here.
    private let rowCount: Int
    private let ends: ByteView
    private let bytes: ByteView
    private let adjustment: UInt64
    private let firstEnd: UnsafeRawPointer
    private let firstByte: UnsafeRawPointer?

    init?(_ page: Page) {
        guard case .array(let encoding) = page.encoding, case .binary(let binary) = Self.values(encoding).array,
            case .flat(let indices) = Self.values(binary.indices).array, indices.bitsPerValue == 64,
            case .flat(let data) = Self.values(binary.bytes).array, data.bitsPerValue == 8,
            !indices.hasCompression, !data.hasCompression,
            indices.buffer.bufferType == .page, data.buffer.bufferType == .page,
            let ends = try? page.buffer(Int(indices.buffer.bufferIndex)),
            let bytes = try? page.buffer(Int(data.buffer.bufferIndex)), ends.count / 8 >= page.rowCount,
            let firstEnd = ends.withUnsafeBytes({ $0.baseAddress })
        else { return nil }
        self.firstEnd = firstEnd
        firstByte = bytes.withUnsafeBytes { $0.baseAddress }
        rowCount = page.rowCount
        self.ends = ends
        self.bytes = bytes
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
    private func end(_ row: Int) -> UInt64 {
        UInt64(littleEndian: firstEnd.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self))
    }

    func touch(_ row: Int, isSecond: Bool) -> UInt64 {
        guard row >= 0, row < rowCount else { return 0 }
        let end = end(row)
        guard isSecond, end > 0, end <= UInt64(bytes.count), let firstByte else { return end }
        return UInt64(firstByte.load(fromByteOffset: Int(end) - 1, as: UInt8.self))
    }

    func text(at row: Int) throws -> String? {
        guard row >= 0, row < rowCount else { throw ends.corrupt("row \(row) of a page of \(rowCount)") }
        let end = end(row)
        guard end < adjustment else { return nil }
        var start: UInt64 = 0
        if row > 0 {
            let before = self.end(row - 1)
            start = before >= adjustment ? before - adjustment : before
        }
        guard start <= end, end <= UInt64(bytes.count) else {
            throw ends.corrupt("a value from byte \(start) to \(end) of \(bytes.count)", at: row * 8)
        }
        let value = UnsafeRawBufferPointer(
            start: firstByte.map { $0 + Int(start) }, count: Int(end - start))
        guard let text = String(validating: value.bindMemory(to: UInt8.self), as: UTF8.self) else {
            throw bytes.corrupt("a value is not valid UTF-8", at: Int(start))
        }
        return text
    }
}
