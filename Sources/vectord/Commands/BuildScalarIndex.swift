// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct BuildScalarIndex: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scalar-index",
        abstract: "Build a BTREE index over a column of texts or integers, or build it again.",
        discussion: """
            With one over doc_id, 'vectord get' takes microseconds; other tools that speak Lance use it too. Rows that \
            are appended later are found all the same, by looking through them.

            The index is named COLUMN_btree and replaces the one of that name in one step. Ctrl-C leaves the table as it \
            was.
            """)

    @OptionGroup var table: TableArgument

    @Argument(help: "The column, such as doc_id.")
    var column: String

    @OptionGroup var write: WriteOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try table.store(write.options)
        let stats = try await Progress.with("indexing") { _ in
            try await Interruption.cancelling { [self] in try await store.buildScalarIndex(column: column) }
        }
        guard !output.json else {
            var object = JSONObject()
            object.add("name", stats.name)
            object.add("column", stats.column)
            object.add("build_time_secs", stats.buildTimeSeconds)
            object.add("disk_bytes_added", stats.diskBytesAdded)
            return try object.print()
        }
        try StandardOutput.write(
            "index \(Readable.line(stats.name)) built in \(Readable.seconds(stats.buildTimeSeconds)), "
                + "\(Readable.bytes(stats.diskBytesAdded)) added\n")
    }
}
