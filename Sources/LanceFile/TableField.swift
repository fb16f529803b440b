// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
package import LanceProto
import Foundation
import SwiftProtobuf

/// A top-level column of a Lance schema: what it holds, and the id by which manifests and files speak of it.
package struct TableField: Sendable, Hashable {
    package let id: Int32
    package let field: Field
    /// The type as the schema spells it.
    package let logicalType: String
    /// Ids of the fields below this one (struct members, list items), depth first.
    package let childIDs: [Int32]

    package var name: String { field.name }
    package var type: DataType { field.type }

    /// Whether values of this column can be stored: not those of nested columns, nor of Arrow dictionaries, which read
    /// as their values but must be stored as dictionaries.
    ///
    /// Nor of blob columns, which look like plain binary in the schema.
    package var isWritable: Bool {
        LogicalType.name(of: type) == logicalType && childIDs.isEmpty && field.metadata["lance-encoding:blob"] == nil
    }
}

/// The fields of a Lance schema: flat, depth first, each naming its parent.
package struct TableSchema: Sendable {
    package let fields: [TableField]

    package var schema: Schema { Schema(fields.map(\.field)) }

    package subscript(_ name: String) -> TableField? { fields.first { $0.name == name } }

    /// Reads the flat list. A struct or list becomes one `.other` field.
    package init(_ protos: [ProtoField]) throws {
        var fields: [TableField] = []
        var children: [Int32: [Int32]] = [:]
        // Depth first: a child's parent comes before it, and so does the parent's top-level ancestor.
        var ancestor: [Int32: Int32] = [:]
        for proto in protos where proto.parentID >= 0 {
            guard proto.id >= 0 else { continue }
            let top = ancestor[proto.parentID] ?? proto.parentID
            ancestor[proto.id] = top
            children[top, default: []].append(proto.id)
        }
        var seen = Set<Int32>()
        // Members of a blob column's descriptor have neither an id nor a parent: id -1 is no column.
        for proto in protos where proto.parentID < 0 && proto.id >= 0 {
            guard seen.insert(proto.id).inserted else {
                throw Failure(.corrupt, "two columns of the schema have the id \(proto.id)")
            }
            fields.append(
                TableField(
                    id: proto.id,
                    field: Field(
                        proto.name, LogicalType.type(named: proto.logicalType), nullable: proto.nullable,
                        metadata: proto.metadata.mapValues { String(decoding: $0, as: UTF8.self) }),
                    logicalType: proto.logicalType, childIDs: children[proto.id] ?? []))
        }
        self.fields = fields
    }

    /// New fields for the columns of a schema, with ids from 0 on. Throws `unsupported`, naming column and type.
    package static func protos(for schema: Schema) throws -> [ProtoField] {
        try schema.fields.enumerated().map { index, field in
            guard let logical = LogicalType.name(of: field.type) else {
                throw Failure(
                    .unsupported, "column '\(field.name)' is \(field.type), which cannot be stored; leave it out")
            }
            var proto = ProtoField()
            proto.id = Int32(index)
            // Top level; 0, the default, would make it a child of the first field.
            proto.parentID = -1
            proto.name = field.name
            proto.logicalType = logical
            proto.nullable = field.nullable
            proto.encoding = field.type.isVariableLength ? .varBinary : .plain
            proto.metadata = field.metadata.mapValues { Data($0.utf8) }
            return proto
        }
    }
}
