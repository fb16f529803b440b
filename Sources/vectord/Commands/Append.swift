// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Columnar
import LanceFile
import LanceTable
import LanceVectorStore

struct Append: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add rows to a table in one commit; makes the table where there is none.",
        discussion: """
            Rows come from a Parquet file with columns as for 'migrate', or from lines of JSON: an object a line whose \
            keys are the table's columns. A missing key is null; a key that is no column, or a value that does not fit, \
            is an error with its line, and then nothing is appended. Blank lines are skipped.

            In JSON a vector is an array of numbers, "NaN", "Infinity" or "-Infinity"; binary is base64; dates are \
            "YYYY-MM-DD", timestamps ISO 8601 text as 'vectord scan' prints them: what it prints can be appended. A new \
            table has the columns source, doc_id, chunk_idx, chunk_text and vector, all vectors as long as the first.
            """)

    @OptionGroup var table: TableArgument

    @Option(help: ArgumentHelp("Rows from a Parquet file.", valueName: "file"), completion: .file())
    var parquet: String?

    @Option(
        help: ArgumentHelp("Rows from lines of JSON; - reads standard input.", valueName: "file|-"), completion: .file()
    )
    var ndjson: String?

    @OptionGroup var write: WriteOptions
    @OptionGroup var columns: ColumnOptions
    @OptionGroup var new: NewTableOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (parquet == nil) != (ndjson == nil) else {
            throw ValidationError("append needs either --parquet or --ndjson")
        }
    }

    func run() async throws {
        var options = write.options
        options.columns = columns.columns
        options.fileVersion = new.fileVersion
        let store = try LanceVectorStore(path: table.table, options: options)
        let stats = try await Progress.with("appending") { progress in
            if let parquet { return try await store.append(parquet: parquet) }
            return try await append(lines: ndjson ?? "-", to: store, progress)
        }
        guard !output.json else {
            var object = JSONObject()
            object.add("rows_appended", stats.rowsAppended)
            object.add("disk_bytes_added", stats.diskBytesAdded)
            object.add("duration_secs", stats.durationSeconds)
            return try object.print()
        }
        try StandardOutput.write(
            "\(Readable.plural(stats.rowsAppended, "row")) appended in \(Readable.seconds(stats.durationSeconds)), "
                + "\(Readable.bytes(stats.diskBytesAdded)) added\n")
    }

    private func append(lines path: String, to store: LanceVectorStore, _ progress: Progress) async throws
        -> AppendStats
    {
        let lines = LineReader(try InputFile(path))
        let snapshot = try await reporting(store.path) { try await store.table.latestIfAny() }
        let rows = NDJSONRows(lines, fields: snapshot?.schema.fields, names: store.options.columns)
        // The first batch tells how long the vectors of a new table are.
        var first = try await reporting(store.path) { try rows.next() }
        guard first != nil else { return AppendStats(rowsAppended: 0, diskBytesAdded: 0, durationSeconds: 0) }
        return try await store.append(rows.schema) {
            if let batch = first {
                first = nil
                return batch
            }
            if let fraction = rows.fraction { progress.update(fraction) }
            return try rows.next()
        }
    }
}
