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
                return try Column.concatenate(rows.runs.map { try decode(page, $0) }, type: leaf.field.type)
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

/// A struct of file version 2.0: its own column has nothing but the number of rows. That a struct is null is not stored.
struct StructureColumn: RowSource {
    let field: TableField
    let rowCount: Int
    let members: [any RowSource]

    init(_ field: TableField, header: LeafPages, members: [any RowSource]) throws {
        guard members.allSatisfy({ $0.rowCount == header.rowCount }) else {
            throw Failure(
                .corrupt, "'\(field.name)' has \(header.rowCount) rows, its members \(members.map(\.rowCount))")
        }
        self.field = field
        self.members = members
        rowCount = header.rowCount
    }

    func read(_ rows: Range<Int>) throws -> Column {
        var columns: [Column] = []
        for member in members { columns.append(try member.read(rows)) }
        return try Column(field.type, count: rows.count, storage: .structure(columns))
    }

    func take(_ rows: [Int]) throws -> Column {
        var columns: [Column] = []
        for member in members { columns.append(try member.take(rows)) }
        return try Column(field.type, count: rows.count, storage: .structure(columns))
    }
}
