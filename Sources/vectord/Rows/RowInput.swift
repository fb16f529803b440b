// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Columnar
import LanceFile
import LanceTable
import LanceVectorStore

/// Where the rows come from that a command adds to a table.
struct RowInput: ParsableArguments {
    @Option(help: ArgumentHelp("Rows from a Parquet file.", valueName: "file"), completion: .file())
    var parquet: String?

    @Option(
        help: ArgumentHelp("Rows from lines of JSON; - reads standard input.", valueName: "file|-"), completion: .file()
    )
    var ndjson: String?

    func validate() throws {
        guard (parquet == nil) != (ndjson == nil) else {
            throw ValidationError("rows come either from --parquet or from --ndjson")
        }
    }

    /// What was asked for, as far as it must be known beforehand.
    enum Rows {
        case parquet(String)
        /// Without any row.
        case none
        case lines(Schema, Lines)
    }

    /// Lines of JSON of which the first batch is read already: it tells how long the vectors of a new table are.
    final class Lines {
        private let rows: NDJSONRows
        private var first: Batch?

        init(_ rows: NDJSONRows, first: Batch) {
            self.rows = rows
            self.first = first
        }

        func next(_ progress: Progress) throws -> Batch? {
            if let batch = first {
                first = nil
                return batch
            }
            if let fraction = rows.fraction { progress.update(fraction) }
            return try rows.next()
        }
    }

    func rows(for store: LanceVectorStore) async throws -> Rows {
        if let parquet { return .parquet(parquet) }
        let lines = LineReader(try InputFile(ndjson ?? "-"))
        let snapshot = try await reporting(store.path) { try await store.table.latestIfAny() }
        let rows = NDJSONRows(lines, fields: snapshot?.schema.fields, names: store.options.columns)
        guard let first = try await reporting(store.path, { try rows.next() }) else { return .none }
        return .lines(rows.schema, Lines(rows, first: first))
    }
}
