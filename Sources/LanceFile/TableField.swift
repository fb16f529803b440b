// SPDX-License-Identifier: Apache-2.0
package import Columnar

/// A column of a Lance schema, or a part of one: what it holds, and the id by which manifests and files speak of it.
package struct TableField: Sendable, Hashable {
    package let id: Int32
    package let field: Field
    /// The type as the schema spells it.
    package let logicalType: String
    /// The members of a struct, the one item of a list, the entry of a map.
    package let children: [TableField]

    package var name: String { field.name }
    package var type: DataType { field.type }

    /// Ids of the fields below this one, depth first.
    package var childIDs: [Int32] { children.flatMap { [$0.id] + $0.childIDs } }

    /// A struct whose members stand side by side, row by row, in one column of the file.
    var isPacked: Bool {
        guard case .structure = type else { return false }
        return field.metadata["lance-encoding:packed"] != nil || field.metadata["packed"] == "true"
    }

    /// Large values that stand outside the pages, which only say where.
    var isBlob: Bool { Self.isBlob(field.metadata) }

    /// Blobs are marked in either of two ways: the later one is an extension type of Arrow's.
    static func isBlob(_ metadata: [String: String]) -> Bool {
        metadata["lance-encoding:blob"] != nil || metadata["ARROW:extension:name"] == "lance.blob.v2"
    }

    /// Has its values in one column of a file of version 2.1 or 2.2.
    package var isLeaf: Bool { children.isEmpty || isPacked || isBlob }

    /// Whether values of this column can be stored: not those of nested columns, nor of Arrow dictionaries, which read
    /// as their values but must be stored as dictionaries.
    ///
    /// Nor of blob columns, which look like plain binary in the schema.
    package var isWritable: Bool {
        LogicalType.name(of: type) == logicalType && children.isEmpty && !isBlob
    }
}
