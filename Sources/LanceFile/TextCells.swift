// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Single values of a text column: for the few rows of a search's result, where building columns would cost more than
/// the search.
package struct TextCells: Sendable {
    private let column: ColumnReader
    /// One a page; nil for a page whose values do not lie in the file as they are.
    private let pages: [TextPage?]

    package init(_ column: ColumnReader) {
        self.column = column
        pages = column.pages.map { TextPage($0) }
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
private struct TextPage: Sendable {
    private let rowCount: Int
    private let ends: ByteView
    private let bytes: ByteView
    private let adjustment: UInt64

    init?(_ page: Page) {
        guard case .array(let encoding) = page.encoding, case .binary(let binary) = Self.values(encoding).array,
            case .flat(let indices) = Self.values(binary.indices).array, indices.bitsPerValue == 64,
            case .flat(let data) = Self.values(binary.bytes).array, data.bitsPerValue == 8,
            !indices.hasCompression, !data.hasCompression,
            indices.buffer.bufferType == .page, data.buffer.bufferType == .page,
            let ends = try? page.buffer(Int(indices.buffer.bufferIndex)),
            let bytes = try? page.buffer(Int(data.buffer.bufferIndex)), ends.count / 8 >= page.rowCount
        else { return nil }
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

    func text(at row: Int) throws -> String? {
        let entry = try ends.load(UInt64.self, at: row * 8)
        guard entry < adjustment else { return nil }
        var start: UInt64 = 0
        if row > 0 {
            let before = try ends.load(UInt64.self, at: (row - 1) * 8)
            start = before >= adjustment ? before - adjustment : before
        }
        guard start <= entry else { throw ends.corrupt("a value that ends before it begins", at: row * 8) }
        return try bytes.slice(start, entry - start, "a value").string("a value")
    }
}
