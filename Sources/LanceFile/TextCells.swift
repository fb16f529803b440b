// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Single values of a text column: for the few rows of a search's result, where building columns would cost more than
/// the search.
package final class TextCells: @unchecked Sendable {
    // Unchecked: `pages` is written before `init` returns and never after; what it points to is in `views`.
    private let column: ColumnReader
    /// A page each. Plain memory, since counting references to the same few pages would cost more than reading from them.
    private let pages: UnsafeMutablePointer<TextPage>
    private let count: Int
    private let views: [ByteView]
    /// Of file versions 2.1 and 2.2; nil for pages that can only be read as columns.
    private let coded: [CodedTextPage?]

    package init(_ column: ColumnReader) {
        self.column = column
        var pages: [TextPage] = []
        var views: [ByteView] = []
        for page in column.pages { pages.append(TextPage(page, keeping: &views)) }
        count = pages.count
        self.views = views
        coded = column.pages.map { CodedTextPage($0) }
        self.pages = .allocate(capacity: max(count, 1))
        self.pages.initialize(from: pages, count: count)
    }

    deinit { pages.deallocate() }

    /// The page that has a row, and the row's number in it.
    @inline(__always)
    private func page(of row: Int) -> (page: UnsafePointer<TextPage>, number: Int, row: Int)? {
        var (low, high) = (0, count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if pages[middle].firstRow <= row { low = middle } else { high = middle }
        }
        guard low < count, row >= pages[low].firstRow else { return nil }
        return (UnsafePointer(pages + low), low, row - pages[low].firstRow)
    }

    /// The memory in which a row's text is looked up, or with `isText` the beginning of the text itself: for asking for it
    /// before it is needed, since rows of a result lie far apart. Nil where there is nothing to ask for.
    package func memory(of row: Int, isText: Bool) -> UnsafeRawBufferPointer? {
        guard let (page, number, row) = page(of: row) else { return nil }
        if page.pointee.isInPlace { return page.pointee.memory(of: row, isText: isText) }
        return coded[number]?.memory(of: row, isText: isText)
    }

    /// The value of a row where it can be read alone: nil where it cannot, or is out of range, and an empty optional where
    /// it is null. For loops that should not pay for `async`.
    package func textInPlace(at row: Int) throws -> String?? {
        guard let (page, number, row) = page(of: row) else { return nil }
        if page.pointee.isInPlace { return .some(try page.pointee.text(at: row)) }
        guard let coded = coded[number] else { return nil }
        return .some(try coded.text(at: row))
    }

    /// The value of a row; nil where it is null. Throws `MissingBytes` where the file is elsewhere.
    package func textHere(at row: Int) throws -> String? {
        if let text = try textInPlace(at: row) { return text }
        guard case .string(let text) = try column.readInPlace(row..<row + 1).value(0) else { return nil }
        return text
    }

    /// The value of a row; nil where it is null.
    package func text(at row: Int) async throws -> String? {
        if let text = try textInPlace(at: row) { return text }
        return try await fetching { try textHere(at: row) }
    }
}
