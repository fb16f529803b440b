// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Some rows of several columns.
package struct Batch: Sendable {
    package let schema: Schema
    package let columns: [Column]
    package let count: Int

    /// Throws `schema_mismatch` where columns and schema do not agree.
    package init(_ schema: Schema, _ columns: [Column], count: Int? = nil) throws {
        let rows = count ?? columns.first?.count ?? 0
        guard schema.fields.count == columns.count else {
            throw Failure(.schemaMismatch, "\(columns.count) columns for a schema of \(schema.fields.count)")
        }
        for (field, column) in zip(schema.fields, columns) {
            guard column.type == field.type else {
                throw Failure(.schemaMismatch, "column '\(field.name)' is \(column.type), expected \(field.type)")
            }
            guard column.count == rows else {
                throw Failure(.schemaMismatch, "column '\(field.name)' has \(column.count) rows, expected \(rows)")
            }
        }
        self.schema = schema
        self.columns = columns
        self.count = rows
    }

    package subscript(_ name: String) -> Column? { schema.index(of: name).map { columns[$0] } }

    package func slice(_ range: Range<Int>) throws -> Batch {
        try Batch(schema, columns.map { try $0.slice(range) }, count: range.count)
    }
}
