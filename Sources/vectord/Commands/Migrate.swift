// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a table from a Parquet file, or replace one by it.",
        discussion: """
            The file has the columns source (string), doc_id (string), chunk_idx (int32), chunk_text (string) and vector \
            (raw little-endian float32 as binary, or a list of float32). Further columns of simple types are kept. An \
            existing table is replaced in one step: readers see the old one or the new one.
            """)

    @Argument(help: "The Parquet file.", completion: .file(extensions: ["parquet"]))
    var parquet: String

    @OptionGroup var table: TableArgument

    @Option(help: ArgumentHelp("Numbers a vector. (default: as many as the first one has)", valueName: "n"))
    var dims: Int?

    @OptionGroup var write: WriteOptions
    @OptionGroup var columns: ColumnOptions
    @OptionGroup var new: NewTableOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let dims, dims < 1 { throw ValidationError("--dims must be at least 1, got \(dims)") }
    }

    func run() async throws {
        let store = try table.store(new.options(write, columns))
        let stats = try await Progress.with("migrating") { progress in
            try await store.migrate(parquet: parquet, dims: dims) { progress.update($0) }
        }
        guard !output.json else {
            var object = JSONObject()
            object.add("rows_written", stats.rowsWritten)
            object.add("dimensions", stats.dimensions)
            object.add("disk_bytes", stats.diskBytes)
            object.add("duration_secs", stats.durationSeconds)
            object.add("null_vectors", stats.nullVectors)
            return try object.print()
        }
        try StandardOutput.write(
            "\(Readable.plural(stats.rowsWritten, "row")) of \(stats.dimensions) dimensions written in "
                + "\(Readable.seconds(stats.durationSeconds)); the table takes \(Readable.bytes(stats.diskBytes))\n")
        if stats.nullVectors > 0 {
            try StandardOutput.write(
                "\(Readable.plural(stats.nullVectors, "row")) had no vector; it is all zeros now, and never found\n")
        }
    }
}
