// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Lists of file version 2.0: a column of where each list ends, and one of the items, whose pages are its own.
///
/// ```
/// ends   n x u64, counted from the first item of the page: end of list i (no leading 0); a null's is the end before it
///        + adjustment
/// ```
struct ListColumn: RowSource {
    let field: TableField
    let ends: LeafPages
    let items: any RowSource
    /// The number of the first item of each page of `ends`.
    private let firstItems: [Int]

    var rowCount: Int { ends.rowCount }

    init(_ field: TableField, ends: LeafPages, items: any RowSource) throws {
        self.field = field
        self.ends = ends
        self.items = items
        var next = 0
        firstItems = try ends.pages.map { page in
            let first = next
            let list = try Self.list(page)
            let (sum, overflow) = next.addingReportingOverflow(Int(clamping: list.numItems))
            guard !overflow, sum <= items.rowCount else {
                throw Failure(
                    .corrupt, "lists of '\(field.name)' with \(sum) items, of which there are \(items.rowCount)")
            }
            next = sum
            return first
        }
    }

    private static func list(_ page: Page) throws -> ProtoListArray {
        guard case .array(let array) = page.encoding, case .list(let list) = array.array else {
            throw Failure(.corrupt, "a page of lists that is \(EncodingSummary.text(page.encoding))")
        }
        return list
    }

    func read(_ rows: Range<Int>) throws -> Column {
        let parts = try ends.map(rows) { try places($0, $1) }
        return try column(parts)
    }

    func take(_ rows: [Int]) throws -> Column {
        let parts = try ends.map(taking: rows) { page, rows in try rows.runs.mapFetching { try places(page, $0) } }
        return try column(parts.flatMap { $0 })
    }

    /// Lists that stand one after another: which items they have, where each ends among them, which are null.
    private struct Places {
        var items: Range<Int>
        var ends: [Int]
        var valid: [Bool]
    }

    private func places(_ page: Page, _ rows: Range<Int>) throws -> Places {
        let list = try Self.list(page)
        let first = max(rows.lowerBound - 1, 0)
        let column = try ArrayDecoder(page: page, field: field)
            .decode(list.offsets, .uint64, first..<rows.upperBound, of: page.rowCount)
        guard case .fixed(let view) = column.storage, column.validity == nil else {
            throw Failure(.corrupt, "lists whose ends have nulls")
        }
        let base = firstItems[ends.pageIndex(of: page.firstRow + rows.lowerBound)]
        let adjustment = list.nullOffsetAdjustment
        var last: UInt64 = 0
        var start: UInt64 = 0
        var result = Places(items: 0..<0, ends: [], valid: [])
        for index in 0..<column.count {
            let entry = try view.load(UInt64.self, at: index * 8)
            let isNull = entry >= adjustment
            let end = isNull ? entry - adjustment : entry
            guard end <= list.numItems, end >= last else {
                throw view.corrupt("a list that ends at item \(end), after \(last), of \(list.numItems)", at: index * 8)
            }
            last = end
            if first + index < rows.lowerBound {
                start = end
            } else {
                result.ends.append(Int(end - start))
                result.valid.append(!isNull)
            }
        }
        // Both are at most the page's items, which are within the column's.
        result.items = base + Int(start)..<base + Int(last)
        return result
    }

    private func column(_ parts: [Places]) throws -> Column {
        if let file = ends.pages.first?.file {
            try LayoutDecoder.checkItems(parts.reduce(0) { $0 + $1.items.count }, of: file)
        }
        let columns = try parts.filter { !$0.items.isEmpty }.mapFetching { try items.read($0.items) }
        var offsets = [0]
        var validity = BitmapBuilder()
        for part in parts {
            let base = offsets.last ?? 0
            for (end, isValid) in zip(part.ends, part.valid) {
                offsets.append(base + end)
                validity.append(isValid)
            }
        }
        guard let item = field.type.listItem else { throw Failure(.corrupt, "'\(field.name)' is no list") }
        return try Column(
            field.type, count: offsets.count - 1, validity: validity.zeros > 0 ? validity.finish() : nil,
            storage: .list(offsets: offsets, items: Column.concatenate(columns, type: item)))
    }
}
