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
        let store = try table.store(write.options)
        let stats = try await store.compact(targetRows: targetRows, dryRun: dryRun)
        guard !output.json else { return try stats.json.print() }
        try StandardOutput.write(stats.lines(dryRun: dryRun))
    }
}

extension CompactStats {
    var json: JSONObject {
        var object = JSONObject()
        object.add("fragments_removed", fragmentsRemoved)
        object.add("fragments_added", fragmentsAdded)
        object.add("rows_rewritten", rowsRewritten)
        object.add("rows_dropped", rowsDropped)
        var skipped = JSONObject()
        for (name, reason) in self.skipped.sorted(by: { $0.key < $1.key }) { skipped.add(name, reason) }
        object.add("skipped", skipped)
        object.add("disk_bytes_added", diskBytesAdded)
        object.add("disk_bytes_replaced", diskBytesReplaced)
        object.add("duration_secs", durationSeconds)
        return object
    }

    func lines(dryRun: Bool) -> String {
        var lines = ""
        for (name, reason) in skipped.sorted(by: { $0.key < $1.key }) {
            lines += "fragments of index \(Readable.line(name)) stay: \(reason)\n"
        }
        guard fragmentsRemoved > 0 else { return lines + "there is nothing to do\n" }
        lines +=
            "\(Readable.plural(fragmentsRemoved, "fragment")) \(dryRun ? "would become" : "became") "
            + "\(fragmentsAdded): \(Readable.plural(rowsRewritten, "row")), and \(rowsDropped) deleted ones left out\n"
        let freed = "\(Readable.bytes(diskBytesReplaced)) to be freed by a clean-up"
        return lines
            + (dryRun
                ? freed + "\n"
                : "done in \(Readable.seconds(durationSeconds)), \(Readable.bytes(diskBytesAdded)) added, \(freed)\n")
    }
}
