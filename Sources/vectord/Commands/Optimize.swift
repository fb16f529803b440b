// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Optimize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put the rows that came after the indices were built into them.",
        discussion: """
            New rows make a segment with the partitions and code words that the index has; small segments are merged. The \
            cost is in proportion to the new rows.
            """)

    @OptionGroup var table: TableArgument

    @Flag(help: "Say what there is to do, and do nothing.")
    var dryRun = false

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var options = write.options
        options.threads = threads.threads
        let store = try LanceVectorStore(path: table.table, options: options)
        let stats = try await Progress.with("optimizing") { progress in
            try await store.optimizeIndices(dryRun: dryRun) { progress.update($0.fraction) }
        }
        if output.json { try printJSON(stats) } else { try printLines(stats) }
    }

    private func printJSON(_ stats: OptimizeStats) throws {
        var object = JSONObject()
        object.add(
            "indices",
            stats.indices.map { index in
                var object = JSONObject()
                object.add("name", index.name)
                object.add("rows_added", index.rowsAdded)
                object.add("segments_merged", index.segmentsMerged)
                object.add("segments", index.segments)
                return object
            })
        var skipped = JSONObject()
        for (name, reason) in stats.skipped.sorted(by: { $0.key < $1.key }) { skipped.add(name, reason) }
        object.add("skipped", skipped)
        object.add("disk_bytes_added", stats.diskBytesAdded)
        object.add("duration_secs", stats.durationSeconds)
        try object.print()
    }

    private func printLines(_ stats: OptimizeStats) throws {
        for index in stats.indices {
            try StandardOutput.write(
                "index \(Readable.line(index.name)): \(Readable.plural(index.rowsAdded, "row")) "
                    + "\(dryRun ? "to add" : "added"), \(Readable.plural(index.segmentsMerged, "segment")) "
                    + "\(dryRun ? "to merge" : "merged"), \(Readable.plural(index.segments, "segment")) afterwards\n")
        }
        for (name, reason) in stats.skipped.sorted(by: { $0.key < $1.key }) {
            try StandardOutput.write("index \(Readable.line(name)) is left as it is: \(reason)\n")
        }
        if stats.indices.isEmpty { return try StandardOutput.write("there is nothing to do\n") }
        guard !dryRun else { return }
        try StandardOutput.write(
            "done in \(Readable.seconds(stats.durationSeconds)), \(Readable.bytes(stats.diskBytesAdded)) added\n")
    }
}
