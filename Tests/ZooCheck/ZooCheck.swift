// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceTable
import ObjectStorage

/// Reads tables with this package and writes what it read in a form that others can compare (Interop/zoo_check.py).
///
/// Standard input has the path of a table a line. For each column of a table comes a frame, a line of JSON and the
/// canonical bytes that it announces:
///
///     {"table": "...", "column": "x", "type": "int32", "rows": 7, "bytes": 35}
///     {"table": "...", "column": "x", "error": "...", "code": "unsupported"}
///
/// An error without a column is about the whole table. A frame with "end" closes a table.
@main
enum ZooCheck {
    static func main() async throws {
        while let path = readLine(strippingNewline: true) {
            guard !path.isEmpty else { continue }
            do {
                let snapshot = try await Table(LocalStorage(path: path)).latest()
                for field in snapshot.schema.fields { try await check(field, of: snapshot, path) }
            } catch let failure as Failure {
                try errorFrame(path, column: nil, failure, code: failure.code.rawValue).write()
            }
            try Frame(table: path, end: true).write()
        }
    }

    private static func check(_ field: TableField, of snapshot: Snapshot, _ path: String) async throws {
        do {
            let result = try await ColumnCheck(snapshot: snapshot, field: field).run()
            let frame = Frame(
                table: path, column: field.name, type: "\(field.type)", rows: result.rows, bytes: result.canonical.count
            )
            try frame.write(result.canonical)
        } catch let failure as Failure {
            try errorFrame(path, column: field.name, failure, code: failure.code.rawValue).write()
        } catch let failure as TakeFailure {
            try errorFrame(path, column: field.name, failure, code: failure.underlying.code.rawValue).write()
        } catch let error as TakeDifference {
            try errorFrame(path, column: field.name, error, code: "take").write()
        } catch let error as WrongCount {
            try errorFrame(path, column: field.name, error, code: "count").write()
        }
    }

    private static func errorFrame(_ path: String, column: String?, _ error: any Error, code: String) -> Frame {
        Frame(table: path, column: column, error: "\(error)", code: code)
    }
}
