// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
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
    @OptionGroup var input: RowInput
    @OptionGroup var write: WriteOptions
    @OptionGroup var columns: ColumnOptions
    @OptionGroup var new: NewTableOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try table.store(new.options(write, columns))
        let stats = try await Progress.with("appending") { progress in
            switch try await input.rows(for: store) {
            case .parquet(let file): return try await store.append(parquet: file)
            case .none: return AppendStats(rowsAppended: 0, diskBytesAdded: 0, durationSeconds: 0)
            case .lines(let schema, let lines):
                return try await store.append(schema) { try lines.next(progress) }
            }
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
}
