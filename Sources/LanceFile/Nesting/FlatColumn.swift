// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// A column of file version 2.0 that has its values itself.
struct FlatColumn: RowSource {
    let leaf: LeafPages

    var rowCount: Int { leaf.rowCount }

    func read(_ rows: Range<Int>) throws -> Column {
        try Column.concatenate(leaf.map(rows) { try decode($0, $1) }, type: leaf.field.type)
    }

    func take(_ rows: [Int]) throws -> Column {
        let parts = try leaf.map(taking: rows) { page, rows in
            guard case .array(let array) = page.encoding else { throw page.unknown }
            if let column = try ArrayDecoder(page: page, field: leaf.field).take(array, rows) { return column }
            // What can only be read whole is read once.
            guard let first = rows.first, let last = rows.last, page.isCompressed else {
                return try Column.concatenate(rows.runs.mapFetching { try decode(page, $0) }, type: leaf.field.type)
            }
            return try decode(page, first..<last + 1).gather(rows.map { $0 - first })
        }
        return try Column.concatenate(parts, type: leaf.field.type)
    }

    private func decode(_ page: Page, _ rows: Range<Int>) throws -> Column {
        guard case .array(let array) = page.encoding else { throw page.unknown }
        let column = try ArrayDecoder(page: page, field: leaf.field).decode(array, rows)
        guard column.count == rows.count, column.type == leaf.field.type else {
            throw Failure(.corrupt, "its page gave \(column.count) rows of \(column.type)")
        }
        return column
    }
}
