// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
package import LanceProto
import Foundation
import SwiftProtobuf

/// The fields of a Lance schema: flat in the file, depth first, each naming its parent; here a tree.
package struct TableSchema: Sendable {
    /// The top-level columns.
    package let fields: [TableField]

    package var schema: Schema { Schema(fields.map(\.field)) }

    package subscript(_ name: String) -> TableField? {
        // By bytes: to Swift two spellings of a letter are one, to a table they are two names.
        fields.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// Deeper nesting than anybody's, and shallow enough for the stack.
    private static let deepest = 24

    package init(_ protos: [ProtoField]) throws {
        var children: [Int32: [ProtoField]] = [:]
        var top: [ProtoField] = []
        var seen = Set<Int32>()
        // Members of a blob column's descriptor have neither an id nor a parent: id -1 is no column.
        for proto in protos where proto.id >= 0 {
            guard seen.insert(proto.id).inserted else {
                throw Failure(.corrupt, "two columns of the schema have the id \(proto.id)")
            }
            if proto.parentID < 0 { top.append(proto) } else { children[proto.parentID, default: []].append(proto) }
        }
        fields = try top.map { try Self.field($0, children, depth: 0) }
    }

    private static func field(_ proto: ProtoField, _ all: [Int32: [ProtoField]], depth: Int) throws -> TableField {
        // A field that is its own ancestor is not below any column of the top, and is never reached.
        guard depth < deepest else {
            throw Failure(.unsupported, "column '\(proto.name)' is nested more than \(deepest) levels deep")
        }
        let metadata = proto.metadata.mapValues { String(decoding: $0, as: UTF8.self) }
        let isBlob = TableField.isBlob(metadata)
        let children = try (all[proto.id] ?? []).map { try field($0, all, depth: depth + 1) }
        // A blob's descriptor is a struct in files of version 2.2, and its values are binary all the same.
        let type = isBlob ? .largeBinary : LogicalType.type(named: proto.logicalType, children: children.map(\.field))
        return TableField(
            id: proto.id, field: Field(proto.name, type, nullable: proto.nullable, metadata: metadata),
            logicalType: proto.logicalType, children: children)
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
