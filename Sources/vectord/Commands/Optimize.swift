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
        let store = try table.store(options)
        let stats = try await Progress.with("optimizing") { progress in
            try await store.optimizeIndices(dryRun: dryRun) { progress.update($0.fraction) }
        }
        guard !output.json else { return try stats.json.print() }
        try StandardOutput.write(stats.lines(dryRun: dryRun))
    }
}

extension OptimizeStats {
    var json: JSONObject {
        var object = JSONObject()
        object.add(
            "indices",
            indices.map { index in
                var object = JSONObject()
                object.add("name", index.name)
                object.add("rows_added", index.rowsAdded)
                object.add("segments_merged", index.segmentsMerged)
                object.add("segments", index.segments)
                return object
            })
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
        for index in indices {
            lines +=
                "index \(Readable.line(index.name)): \(Readable.plural(index.rowsAdded, "row")) "
                + "\(dryRun ? "to add" : "added"), \(Readable.plural(index.segmentsMerged, "segment")) "
                + "\(dryRun ? "to merge" : "merged"), \(Readable.plural(index.segments, "segment")) afterwards\n"
        }
        for (name, reason) in skipped.sorted(by: { $0.key < $1.key }) {
            lines += "index \(Readable.line(name)) is left as it is: \(reason)\n"
        }
        if indices.isEmpty { return lines + "there is nothing to do\n" }
        let freed = "\(Readable.bytes(diskBytesReplaced)) to be freed by a clean-up"
        return lines
            + (dryRun
                ? freed + "\n"
                : "done in \(Readable.seconds(durationSeconds)), \(Readable.bytes(diskBytesAdded)) added, \(freed)\n")
    }
}
