// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import Columnar
import LanceProto
import SwiftProtobuf

/// The values of one column of one file, by row number in the file.
///
/// Reading a range of rows touches the bytes of these rows only, as far as the page's encoding allows it.
package struct ColumnReader: Sendable {
    package let field: TableField
    package let pages: [Page]
    private let version: FileVersion
    private let rowCount: Int
    private let path: String

    init(file: DataFileReader, field: TableField, metadata: ProtoColumnMetadata) throws {
        self.field = field
        version = file.version
        rowCount = file.rowCount
        path = file.file.region.name
        var pages: [Page] = []
        pages.reserveCapacity(metadata.pages.count)
        // Pages are in row order; their own `priority` is 0 in files of version 2.0 and is not used.
        var firstRow = 0
        for proto in metadata.pages {
            let page = try Page(proto, firstRow: firstRow, file: file.file)
            pages.append(page)
            let (next, overflow) = firstRow.addingReportingOverflow(page.rowCount)
            guard !overflow, next <= file.rowCount else {
                throw file.file.corrupt("column '\(field.name)' has more than the file's \(file.rowCount) rows")
            }
            firstRow = next
        }
        guard firstRow == file.rowCount else {
            throw file.file.corrupt("column '\(field.name)' has \(firstRow) rows, the file \(file.rowCount)")
        }
        self.pages = pages
    }

    /// The page that holds `row`, by binary search.
    package func pageIndex(of row: Int) -> Int {
        var low = 0
        var high = pages.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if pages[middle].firstRow <= row { low = middle } else { high = middle }
        }
        return low
    }

    /// Rows `range`. Large ranges are the caller's to cut: the result is in memory whole.
    package func read(_ range: Range<Int>) async throws -> Column {
        guard range.lowerBound >= 0, range.upperBound <= rowCount else {
            throw Failure(.corrupt, "rows \(range) of column '\(field.name)', which has \(rowCount)", path: path)
        }
        guard !range.isEmpty else { return try Column.nulls(field.type, count: 0) }
        var parts: [Column] = []
        var index = pageIndex(of: range.lowerBound)
        while index < pages.count, pages[index].firstRow < range.upperBound {
            let page = pages[index]
            let part = range.clamped(to: page.rows)
            if !part.isEmpty { parts.append(try decode(page, index, part)) }
            index += 1
        }
        return try Column.concatenate(parts, type: field.type)
    }

    /// The given rows, in that order.
    package func take(_ rows: some Collection<Int>) async throws -> Column {
        var builder = ColumnBuilder(field.type)
        for row in rows { try builder.append(await read(row..<row + 1)) }
        return try builder.finish()
    }

    private func decode(_ page: Page, _ index: Int, _ range: Range<Int>) throws -> Column {
        let rows = range.lowerBound - page.firstRow..<range.upperBound - page.firstRow
        do {
            let column = try PageDecoder.decode(page, rows: rows, field: field)
            guard column.count == rows.count, column.type == field.type else {
                throw Failure(.corrupt, "its page gave \(column.count) rows of \(column.type)")
            }
            return column
        } catch let failure as Failure {
            var failure = failure.at(path: path)
            failure.message = "column '\(field.name)', page \(index): \(failure.message)"
            throw failure
        }
    }
}

/// A run of a vector column's rows that stand next to each other in memory.
package struct VectorBlock: Sendable {
    /// Row number in the file of the block's first row.
    package let firstRow: Int
    package let rowCount: Int
    /// `rowCount` x dimension floats, 4-byte aligned.
    package let floats: ByteView
    /// Rows that are not null; nil when all are.
    package let validity: Bitmap?
    /// The floats are the file's own bytes; else a copy that was decoded for this block.
    package let isInPlace: Bool
}

extension ColumnReader {
    /// The rows of a `fixed_size_list<float32>` column, page by page and in place where the page is flat.
    ///
    /// Pages without a single vector are left out.
    package func vectorBlocks() async throws -> [VectorBlock] {
        var blocks: [VectorBlock] = []
        for index in pages.indices {
            if let block = try vectorBlock(page: index) { blocks.append(block) }
        }
        return blocks
    }

    /// The rows of one page; nil where it has not a single vector.
    package func vectorBlock(page index: Int) throws -> VectorBlock? {
        guard case .fixedSizeList(.float32, _) = field.type else {
            throw Failure(.schemaMismatch, "column '\(field.name)' is \(field.type), not a float32 vector", path: path)
        }
        let page = pages[index]
        guard page.rowCount > 0, !page.isAllNull else { return nil }
        let column = try decode(page, index, page.rows)
        guard case .fixedSizeList(let items, _) = column.storage, case .fixed(let view) = items.storage else {
            return nil
        }
        // A vector with a null item is no vector: it is stored, and never found.
        var validity = column.validity
        if let itemValidity = items.validity {
            let dimension = items.count / page.rowCount
            validity = Bitmap(
                (0..<page.rowCount).map { row in
                    !column.isNull(row) && itemValidity.slice(row * dimension..<(row + 1) * dimension).zeros == 0
                })
        }
        let floats = view.aligned(to: 4)
        return VectorBlock(
            firstRow: page.firstRow, rowCount: page.rowCount, floats: floats, validity: validity,
            isInPlace: page.buffers.contains { $0.region === floats.region })
    }
}
