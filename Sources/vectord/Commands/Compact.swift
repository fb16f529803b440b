// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Compact: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write small fragments together, and those with many deleted rows without these.",
        discussion: "Indices follow the rows in the same commit. Old files stay until they are cleaned up.")

    @OptionGroup var table: TableArgument

    @Option(help: ArgumentHelp("Rows of a fragment that is large enough.", valueName: "n"))
    var targetRows = 1 << 20

    @Flag(help: "Say what there is to do, and do nothing.")
    var dryRun = false

    @OptionGroup var write: WriteOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if targetRows < 1 { throw ValidationError("--target-rows must be at least 1, got \(targetRows)") }
    }

    func run() async throws {
        let store = try LanceVectorStore(path: table.table, options: write.options)
        let stats = try await store.compact(targetRows: targetRows, dryRun: dryRun)
        guard !output.json else {
            var object = JSONObject()
            object.add("fragments_removed", stats.fragmentsRemoved)
            object.add("fragments_added", stats.fragmentsAdded)
            object.add("rows_rewritten", stats.rowsRewritten)
            object.add("rows_dropped", stats.rowsDropped)
            var skipped = JSONObject()
            for (name, reason) in stats.skipped.sorted(by: { $0.key < $1.key }) { skipped.add(name, reason) }
            object.add("skipped", skipped)
            object.add("disk_bytes_added", stats.diskBytesAdded)
            object.add("duration_secs", stats.durationSeconds)
            return try object.print()
        }
        for (name, reason) in stats.skipped.sorted(by: { $0.key < $1.key }) {
            try StandardOutput.write("fragments of index \(Readable.line(name)) stay: \(reason)\n")
        }
        guard stats.fragmentsRemoved > 0 else { return try StandardOutput.write("there is nothing to do\n") }
        try StandardOutput.write(
            "\(Readable.plural(stats.fragmentsRemoved, "fragment")) \(dryRun ? "would become" : "became") "
                + "\(stats.fragmentsAdded): \(Readable.plural(stats.rowsRewritten, "row")), and "
                + "\(stats.rowsDropped) deleted ones left out\n")
        guard !dryRun else { return }
        try StandardOutput.write(
            "done in \(Readable.seconds(stats.durationSeconds)), \(Readable.bytes(stats.diskBytesAdded)) added\n")
    }
}
