// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// A column of file version 2.1 or 2.2: one leaf, or the leaves of structs and lists, each of which tells all that is
/// around it.
struct NestedColumn: RowSource {
    let field: TableField
    let leaves: [LeafPages]
    let rowCount: Int

    func read(_ rows: Range<Int>) throws -> Column {
        try assemble(leaves.mapFetching { try $0.nested(rows) }, count: rows.count)
    }

    func take(_ rows: [Int]) throws -> Column {
        try assemble(leaves.mapFetching { try $0.nested(taking: rows) }, count: rows.count)
    }

    private func assemble(_ parts: [NestedRows], count: Int) throws -> Column {
        var rest = parts[...]
        let column = try Self.assemble(field, &rest, depth: 0)
        guard column.count == count else {
            throw Failure(.corrupt, "\(column.count) rows of nested values, expected \(count)")
        }
        return column
    }

    /// - Parameters:
    ///   - leaves: those of `field` are taken from its beginning.
    ///   - depth: how many layers around `field` have been dealt with.
    private static func assemble(_ field: TableField, _ leaves: inout ArraySlice<NestedRows>, depth: Int) throws
        -> Column
    {
        guard let first = leaves.first else { throw mismatch(field) }
        if field.isLeaf {
            guard first.layers.count == depth else { throw mismatch(field) }
            leaves = leaves.dropFirst()
            return first.values
        }
        guard depth < first.layers.count else { throw mismatch(field) }
        switch (field.type, first.layers[first.layers.count - 1 - depth]) {
        case (.structure, .structure(let count, let validity)):
            let members = try field.children.map { try assemble($0, &leaves, depth: depth + 1) }
            return try Column(field.type, count: count, validity: validity, storage: .structure(members))
        case (_, .list(let offsets, let validity)):
            guard field.type.listItem != nil, field.children.count == 1 else { throw mismatch(field) }
            let items = try assemble(field.children[0], &leaves, depth: depth + 1)
            return try Column(
                field.type, count: offsets.count - 1, validity: validity, storage: .list(offsets: offsets, items: items)
            )
        default: throw mismatch(field)
        }
    }

    private static func mismatch(_ field: TableField) -> Failure {
        Failure(.corrupt, "the layers of a page are not those of '\(field.name)', which is \(field.type)")
    }
}
