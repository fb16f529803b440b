// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

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
        let columns = try members.mapFetching { try $0.read(rows) }
        return try Column(field.type, count: rows.count, storage: .structure(columns))
    }

    func take(_ rows: [Int]) throws -> Column {
        let columns = try members.mapFetching { try $0.take(rows) }
        return try Column(field.type, count: rows.count, storage: .structure(columns))
    }
}
