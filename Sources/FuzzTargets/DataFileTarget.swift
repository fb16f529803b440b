// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto
import ObjectStorage
import TestSupport

/// A data file of any version, read by the schema that stands in it.
enum DataFileTarget {
    /// A small file may tell of many columns, each of which is as large as reading allows; a few of them tell as much.
    private static let mostFields = 24
    private static let mostBytes = 96 << 20
    /// Rows of a batch, as scans read them, and rows looked at in all.
    private static let batchRows = 8192
    private static let batchBytes = 8 << 20
    private static let mostRows = 20_000
    /// Values are made one by one; columns of more bytes are mostly of one kind of value.
    private static let mostValueBytes = 1 << 18
    private static let mostValues = 1000

    static func read(_ bytes: [UInt8]) async throws {
        let view = FileView(ByteView(copying: bytes, name: "fuzz.lance"))
        var attempts = Attempts()
        try attempts.attempt { _ = try FileInspection(view) }
        let reader = try DataFileReader(ObjectKey("data/fuzz.lance"), view)
        var bytesLeft = mostBytes
        var next = 0
        for field in try TableSchema(reader.descriptor.schema.fields).fields.prefix(mostFields) {
            let index = next
            next += columnCount(field, reader.version)
            guard bytesLeft > 0 else { break }
            try await attempts.attempt { try await read(reader.column(index, field), reader.rowCount, &bytesLeft) }
        }
        try attempts.attempt { _ = try reader.globalBuffer(0) }
        try attempts.finish()
    }

    /// Columns of the file that have the values of a field and of those below it.
    static func columnCount(_ field: TableField, _ version: FileVersion) -> Int {
        let below = field.isLeaf ? 0 : field.children.reduce(0) { $0 + columnCount($1, version) }
        return below + (field.isLeaf || version == .v2_0 ? 1 : 0)
    }

    private static func read(_ column: ColumnReader, _ rowCount: Int, _ bytesLeft: inout Int) async throws {
        var attempts = Attempts()
        let batch = max(1, min(batchRows, batchBytes / max(min(column.field.type.rowBytes, batchBytes), 1)))
        var valuesLeft = mostValues
        var row = 0
        let end = min(rowCount, mostRows)
        while row < end, bytesLeft > 0 {
            let rows = row..<min(row + batch, end)
            row = rows.upperBound
            try await attempts.attempt {
                let part = try await column.read(rows)
                try check(part, rows.count, column.field.type)
                bytesLeft -= part.byteCount
                try values(part, &valuesLeft)
            }
        }
        guard rowCount > 0 else { return try attempts.finish() }
        let last = rowCount - 1
        try await attempts.attempt {
            let some = [last, 0, last / 2, last / 3, last / 2]
            let taken = try await column.take(some)
            try check(taken, some.count, column.field.type)
            bytesLeft -= taken.byteCount
            try values(taken, &valuesLeft)
        }
        try await attempts.attempt {
            let taken = try await column.take(Array(Set([0, last / 4, last / 2, last])).sorted())
            try values(taken, &valuesLeft)
        }
        if column.field.type.isText { try await attempts.attempt { try await texts(column, rowCount) } }
        if (try? column.vectorDimension()) != nil {
            try attempts.attempt { try vectors(column, rowCount, &bytesLeft) }
        }
        try attempts.finish()
    }

    private static func check(_ column: Column, _ rows: Int, _ type: DataType) throws {
        try TestSupport.check(
            column.count == rows && column.type == type,
            "\(column.count) rows of \(column.type) for \(rows) of \(type)")
    }

    private static func values(_ column: Column, _ left: inout Int) throws {
        var attempts = Attempts()
        guard column.byteCount <= mostValueBytes, itemCount(column) <= mostValueBytes else { return }
        for row in 0..<min(column.count, left) { try attempts.attempt { _ = try column.value(row) } }
        left -= min(column.count, left)
        try attempts.finish()
    }

    /// Values of the innermost lists. Items that are null take no byte.
    private static func itemCount(_ column: Column) -> Int {
        switch column.storage {
        case .fixedSizeList(let items, _), .list(_, let items): max(column.count, itemCount(items))
        case .structure(let members): members.reduce(column.count) { max($0, itemCount($1)) }
        default: column.count
        }
    }

    private static func texts(_ column: ColumnReader, _ rowCount: Int) async throws {
        var attempts = Attempts()
        let cells = TextCells(column)
        for row in [-1, 0, 1, rowCount / 2, rowCount - 1, rowCount] {
            _ = cells.memory(of: row, isText: false)
            _ = cells.memory(of: row, isText: true)
            guard row >= 0, row < rowCount else { continue }
            try await attempts.attempt { _ = try await cells.text(at: row) }
        }
        try attempts.finish()
    }

    private static func vectors(_ column: ColumnReader, _ rowCount: Int, _ bytesLeft: inout Int) throws {
        let dimension = try column.vectorDimension()
        var attempts = Attempts()
        for part in try column.vectorParts() {
            guard bytesLeft > 0 else { break }
            switch part {
            case .inPlace(let block): try check(block, dimension, &bytesLeft)
            case .decoded(let rows):
                bytesLeft -= rows.count * 4
                try attempts.attempt {
                    if let block = try column.vectors(rows) { try check(block, dimension, &bytesLeft) }
                }
            }
        }
        try attempts.attempt {
            if let block = try column.vectors(taking: [rowCount - 1, 0]) { try check(block, dimension, &bytesLeft) }
        }
        try attempts.finish()
    }

    private static func check(_ block: VectorBlock, _ dimension: Int, _ bytesLeft: inout Int) throws {
        try TestSupport.check(
            block.floats.count == block.rowCount * dimension * 4
                && block.validity.map { $0.count == block.rowCount } ?? true,
            "\(block.floats.count) bytes of \(block.rowCount) vectors of \(dimension)")
        bytesLeft -= block.floats.count
        // Each number is read by a search.
        _ = block.floats.withUnsafeBytes { raw in
            raw.prefix(1 << 16).reduce(0) { $0 ^ $1 }
        }
    }
}
