// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// The footer's `FileMetaData`, as far as a reader of all rows needs it.
struct ParquetMetadata: Sendable {
    var elements: [SchemaElement] = []
    var rowCount = 0
    var rowGroups: [RowGroup] = []
    var isEncrypted = false

    init(_ view: ByteView) throws {
        var thrift = ThriftReader(view)
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 2: elements = try thrift.structures(field) { try SchemaElement(&$0) }
            case 3: rowCount = try thrift.count64(field, "the number of rows")
            case 4: rowGroups = try thrift.structures(field) { try RowGroup(&$0) }
            case 8:
                isEncrypted = true
                try thrift.skip(field)
            default: try thrift.skip(field)
            }
        }
        guard !elements.isEmpty else { throw view.corrupt("the footer has no schema") }
        var total = 0
        for group in rowGroups {
            let (sum, overflow) = total.addingReportingOverflow(group.rowCount)
            guard !overflow else { throw view.corrupt("the row groups' numbers of rows add up beyond 64 bits") }
            total = sum
        }
        guard total == rowCount else {
            throw view.corrupt("the row groups have \(total) rows, but the file says \(rowCount)")
        }
    }
}

/// A horizontal part of the table: a chunk of each column.
struct RowGroup: Sendable {
    var chunks: [ColumnChunk] = []
    var rowCount = 0

    init(_ thrift: inout ThriftReader) throws {
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1: chunks = try thrift.structures(field) { try ColumnChunk(&$0) }
            case 3: rowCount = try thrift.count64(field, "a row group's number of rows")
            default: try thrift.skip(field)
            }
        }
    }
}
