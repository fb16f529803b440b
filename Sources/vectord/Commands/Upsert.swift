// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Upsert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add rows to a table, each in place of all rows with its doc_id, in one commit.",
        discussion: """
            Rows come as for 'vectord append', each with a doc_id and none with the same. A replaced row goes with all \
            its columns: what is not given becomes null. Where there is no table, one is made.
            """)

    @OptionGroup var table: TableArgument
    @OptionGroup var input: RowInput
    @OptionGroup var write: WriteOptions
    @OptionGroup var columns: ColumnOptions
    @OptionGroup var new: NewTableOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try table.store(new.options(write, columns))
        let stats = try await Progress.with("upserting") { progress in
            switch try await input.rows(for: store) {
            case .parquet(let file): return try await store.upsert(parquet: file)
            case .none: return UpsertStats(rowsInserted: 0, rowsUpdated: 0, diskBytesAdded: 0, durationSeconds: 0)
            case .lines(let schema, let lines):
                return try await store.upsert(schema) { try lines.next(progress) }
            }
        }
        guard !output.json else {
            var object = JSONObject()
            object.add("rows_inserted", stats.rowsInserted)
            object.add("rows_updated", stats.rowsUpdated)
            object.add("disk_bytes_added", stats.diskBytesAdded)
            object.add("duration_secs", stats.durationSeconds)
            return try object.print()
        }
        try StandardOutput.write(
            "\(Readable.plural(stats.rowsInserted, "row")) inserted and \(stats.rowsUpdated) updated in "
                + "\(Readable.seconds(stats.durationSeconds)), \(Readable.bytes(stats.diskBytesAdded)) added\n")
    }
}
