// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// Finds the columns of a file that have the values of a field (format reference: fields and columns).
///
/// In version 2.0 every field has a column, but for those below a packed struct or a blob; from 2.1 on only leaves have.
struct ColumnTree {
    let file: DataFileReader
    /// Which column a field has, by its id.
    let numbers: [Int32: Int]

    /// The column of `field` from column number `first` on, when nothing but the file's order is known.
    static func consecutive(_ field: TableField, from first: Int, _ version: FileVersion) -> [Int32: Int] {
        var numbers: [Int32: Int] = [:]
        var next = first
        func number(_ field: TableField) {
            if field.isLeaf || version == .v2_0 {
                numbers[field.id] = next
                next += 1
            }
            if !field.isLeaf { field.children.forEach(number) }
        }
        number(field)
        return numbers
    }

    /// The source of a field's rows, and the first column that it reads.
    func source(_ field: TableField) throws -> (any RowSource, LeafPages) {
        if file.version == .v2_0 { return try arrays(field) }
        if case .structure([]) = field.type {
            // There is a column, of which nothing but the number of rows means anything.
            let own = try pages(field)
            return (try StructureColumn(field, header: own, members: []), own)
        }
        var leaves: [LeafPages] = []
        try collect(field, &leaves)
        guard let first = leaves.first else { throw Failure(.corrupt, "no column for '\(field.name)'") }
        return (NestedColumn(field: field, leaves: leaves, rowCount: first.rowCount), first)
    }

    private func collect(_ field: TableField, _ leaves: inout [LeafPages]) throws {
        if field.isLeaf {
            let leaf = try pages(field)
            guard leaf.rowCount == leaves.first?.rowCount ?? leaf.rowCount else {
                throw Failure(.corrupt, "'\(field.name)' has \(leaf.rowCount) rows, and what stands beside it others")
            }
            leaves.append(leaf)
        } else {
            for child in field.children { try collect(child, &leaves) }
        }
    }

    private func arrays(_ field: TableField) throws -> (any RowSource, LeafPages) {
        let own = try pages(field)
        let isStructure = if case .structure = field.type { !field.isPacked } else { false }
        if field.isLeaf, !isStructure { return (FlatColumn(leaf: own), own) }
        let children = try field.children.mapFetching { try arrays($0).0 }
        if isStructure { return (try StructureColumn(field, header: own, members: children), own) }
        guard children.count == 1, field.type.listItem != nil else {
            // Reading says that the type is not known.
            return (FlatColumn(leaf: own), own)
        }
        return (try ListColumn(field, ends: own, items: children[0]), own)
    }

    private func pages(_ field: TableField) throws -> LeafPages {
        guard let number = numbers[field.id] else {
            throw Failure(
                .unsupported, "column '\(field.name)' of type \(field.type) has no column of its own; read the others")
        }
        guard number >= 0, number < file.columnCount else {
            throw file.file.corrupt(
                "column '\(field.name)' is number \(number) of a file of \(file.columnCount) columns")
        }
        return try LeafPages(field, file.columnMetadata(number), file: file.file)
    }
}
