// SPDX-License-Identifier: Apache-2.0
import Columnar
import LanceFile
import LanceVectorStore

/// The rows of lines of JSON, an object a line, in the shape of a table: a batch at a time.
///
/// Keys are the names of columns. A missing key is null. Whatever does not fit is an error that names line and key.
final class NDJSONRows {
    private static let rowsPerBatch = 4096
    /// So that a batch of wide rows does not grow large.
    private static let bytesPerBatch = 8 << 20

    private let lines: LineReader
    private let columns: [NDJSONColumn]
    /// Columns of the table that cannot be given, with their types.
    private let unsupported: [TableField]

    /// - Parameter fields: the table's columns; nil stands for those of a new table, whose vectors are as long as the
    ///   first one.
    init(_ lines: LineReader, fields: [TableField]?, names: Options.Columns = .init()) {
        self.lines = lines
        guard let fields else {
            columns = [
                NDJSONColumn(Field(names.source, .utf8)), NDJSONColumn(Field(names.id, .utf8, nullable: false)),
                NDJSONColumn(Field(names.chunkIndex, .int32)), NDJSONColumn(Field(names.text, .utf8)),
                NDJSONColumn(vectorsOfAnyLength: names.vector),
            ]
            unsupported = []
            return
        }
        columns = fields.filter(Self.isSupported).map { NDJSONColumn($0.field) }
        unsupported = fields.filter { !Self.isSupported($0) }
    }

    private static func isSupported(_ field: TableField) -> Bool {
        field.isWritable && NDJSONColumn.supports(field.type)
    }

    /// The columns of the batches; known for sure once the first batch is there.
    var schema: Schema { Schema(columns.map(\.field)) }

    /// The part of the input that was read, from 0 to 1; nil for a pipe.
    var fraction: Double? { lines.file.size.map { Double(lines.bytesRead) / Double(max($0, 1)) } }

    func next() throws -> Batch? {
        var rows = 0
        var bytes = 0
        while rows < Self.rowsPerBatch, bytes < Self.bytesPerBatch {
            let hasRow: Bool? = try lines.next { line in
                bytes += line.count
                return try row(line)
            }
            guard let hasRow else { break }
            if hasRow {
                rows += 1
                bytes += columns.reduce(0) { $0 + $1.rowBytes }
            }
        }
        guard rows > 0 else { return nil }
        return try Batch(schema, columns.map { try $0.finish() }, count: rows)
    }

    /// Adds the row of one line. False for a blank line.
    private func row(_ line: UnsafeRawBufferPointer) throws -> Bool {
        var scanner = JSONScanner(line)
        guard scanner.peek() != nil else { return false }
        var given = [Bool](repeating: false, count: columns.count)
        var next = 0
        var current: String?
        do {
            try scanner.object { key, scanner throws(JSONProblem) in
                current = nil
                let start = scanner.position
                guard let index = column(key, hint: next) else { throw scanner.problem(unknown(key), at: start) }
                guard !given[index] else { throw scanner.problem("the key '\(key)' stands twice", at: start) }
                given[index] = true
                next = index + 1
                current = key
                try columns[index].append(from: &scanner)
                current = nil
            }
            try scanner.expectEnd()
        } catch {
            throw failure(error, key: current)
        }
        for (column, isGiven) in zip(columns, given) where !isGiven {
            guard column.field.nullable else {
                throw failure(
                    JSONProblem(
                        message: "there is no '\(column.field.name)', and the column allows no nulls", position: 0),
                    key: nil)
            }
            column.appendNull()
        }
        return true
    }

    /// By bytes: Swift takes different spellings of one character for equal, JSON does not. Mostly the keys of a line
    /// come in the order of the columns.
    private func column(_ key: String, hint: Int) -> Int? {
        func isNamed(_ index: Int) -> Bool { columns[index].field.name.utf8.elementsEqual(key.utf8) }
        if hint < columns.count, isNamed(hint) { return hint }
        return columns.indices.first(where: isNamed)
    }

    private func unknown(_ key: String) -> String {
        if let field = unsupported.first(where: { $0.name == key }) {
            return "column '\(key)' is \(field.logicalType), which cannot be given as JSON; leave it out"
        }
        return "there is no column '\(key)'; the columns are \(columns.map(\.field.name).joined(separator: ", "))"
    }

    private func failure(_ problem: JSONProblem, key: String?) -> StoreError {
        let place = key.map { "key '\($0)': " } ?? ""
        return StoreError(
            code: .invalidArgument,
            message:
                "line \(lines.number), byte \(problem.position + 1): \(place)\(problem.message); nothing was changed",
            path: lines.file.name)
    }
}
