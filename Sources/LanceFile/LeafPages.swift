// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// One column of a file: its pages, in the order of their rows.
struct LeafPages: Sendable {
    let field: TableField
    let pages: [Page]
    let rowCount: Int

    init(_ field: TableField, _ metadata: ProtoColumnMetadata, file: FileView) throws {
        self.field = field
        var pages: [Page] = []
        pages.reserveCapacity(metadata.pages.count)
        // Pages are in row order; their own `priority` is 0 in files of version 2.0 and is not used.
        var firstRow = 0
        for proto in metadata.pages {
            let page = try Page(proto, firstRow: firstRow, file: file)
            pages.append(page)
            let (next, overflow) = firstRow.addingReportingOverflow(page.rowCount)
            guard !overflow else { throw file.corrupt("column '\(field.name)' has more rows than there can be") }
            firstRow = next
        }
        self.pages = pages
        rowCount = firstRow
    }

    /// The page that holds `row`, by binary search.
    func pageIndex(of row: Int) -> Int {
        var low = 0
        var high = pages.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if pages[middle].firstRow <= row { low = middle } else { high = middle }
        }
        return low
    }

    /// What `body` makes of each page that has any of `rows`, which it gets counted from the page's first row.
    func map<T>(_ rows: Range<Int>, _ body: (Page, Range<Int>) throws -> T) throws -> [T] {
        var parts: [(index: Int, rows: Range<Int>)] = []
        var index = pageIndex(of: rows.lowerBound)
        while index < pages.count, pages[index].firstRow < rows.upperBound {
            let part = rows.clamped(to: pages[index].rows)
            if !part.isEmpty { parts.append((index, part)) }
            index += 1
        }
        return try parts.mapFetching { index, part in
            let page = pages[index]
            return try locating(index) {
                try body(page, part.lowerBound - page.firstRow..<part.upperBound - page.firstRow)
            }
        }
    }

    /// The same for rows that ascend.
    func map<T>(taking rows: [Int], _ body: (Page, [Int]) throws -> T) throws -> [T] {
        var parts: [(index: Int, rows: ArraySlice<Int>)] = []
        var rest = rows[...]
        while let first = rest.first {
            let index = pageIndex(of: first)
            let page = pages[index]
            let part = rest.prefix { $0 < page.rows.upperBound }
            guard !part.isEmpty else { throw Failure(.corrupt, "row \(first) of a column that has \(rowCount)") }
            parts.append((index, part))
            rest = rest.dropFirst(part.count)
        }
        return try parts.mapFetching { index, part in
            let page = pages[index]
            return try locating(index) { try body(page, part.map { $0 - page.firstRow }) }
        }
    }

    /// Says in errors which page it is.
    private func locating<T>(_ index: Int, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch var failure as Failure {
            failure.message = "page \(index): \(failure.message)"
            throw failure
        }
    }
}

// MARK: File versions 2.1 and 2.2

extension LeafPages {
    func nested(_ rows: Range<Int>) throws -> NestedRows {
        try NestedRows(
            map(rows) { page, part in try NestedRows(decoder(page).decode(part)) }, type: field.type)
    }

    func nested(taking rows: [Int]) throws -> NestedRows {
        try NestedRows(
            map(taking: rows) { page, part in
                let decoder = try decoder(page)
                if let values = try decoder.take(part) { return try NestedRows(values) }
                return try NestedRows(part.runs.mapFetching { try NestedRows(decoder.decode($0)) }, type: field.type)
            }, type: field.type)
    }

    private func decoder(_ page: Page) throws -> LayoutDecoder {
        guard case .layout(let layout) = page.encoding else { throw page.unknown }
        return LayoutDecoder(page: page, layout: layout, field: field)
    }
}

extension [Int] {
    /// Neighbours together, of numbers that ascend.
    var runs: [Range<Int>] {
        var runs: [Range<Int>] = []
        for row in self {
            if let last = runs.last, last.upperBound == row {
                runs[runs.count - 1] = last.lowerBound..<row + 1
            } else {
                runs.append(row..<row + 1)
            }
        }
        return runs
    }
}
