// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Cleanup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove old versions, and the files that then no version needs.",
        discussion: """
            A version goes when another one took its place longer ago than --older-than, and it has no tag, and is none of \
            the newest --keep. Files that no version names go when they are older than --grace: younger ones may belong to \
            a write that is under way. Times are numbers with d, h, m or s: 14d, 36h.
            """)

    @OptionGroup var table: TableArgument

    @Option(
        help: ArgumentHelp("Age of versions that go, from when they were replaced. (default: 14d)", valueName: "time"),
        transform: DurationArgument.parse)
    var olderThan: DurationArgument?

    @Option(help: ArgumentHelp("Newest versions that stay.", valueName: "n"))
    var keep = 1

    @Option(
        help: ArgumentHelp("Age of files that go though no version ever named them. (default: 7d)", valueName: "time"),
        transform: DurationArgument.parse)
    var grace: DurationArgument?

    @Flag(help: "Say what there is to do, and do nothing.")
    var dryRun = false

    @OptionGroup var write: WriteOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if keep < 1 { throw ValidationError("--keep must be at least 1, got \(keep)") }
    }

    func run() async throws {
        let store = try table.store(write.options)
        let stats = try await store.cleanup(
            olderThan: olderThan?.duration ?? .seconds(14 * 86_400), keep: keep,
            gracePeriod: grace?.duration ?? .seconds(7 * 86_400), dryRun: dryRun)
        guard !output.json else { return try stats.json.print() }
        try StandardOutput.write(stats.lines(dryRun: dryRun))
    }
}

extension CleanupStats {
    var json: JSONObject {
        var object = JSONObject()
        object.add("versions_removed", versionsRemoved)
        object.add("versions_kept", versionsKept)
        object.add("files_removed", filesRemoved)
        object.add("bytes_freed", bytesFreed)
        object.add("files_spared", filesSpared)
        object.add("bytes_spared", bytesSpared)
        object.add("duration_secs", durationSeconds)
        return object
    }

    func lines(dryRun: Bool) -> String {
        var lines =
            filesRemoved == 0
            ? "there is nothing to remove\n"
            : "\(Readable.plural(versionsRemoved.count, "version")) and "
                + "\(Readable.plural(filesRemoved, "file")) \(dryRun ? "would go" : "removed"), "
                + "\(Readable.bytes(bytesFreed)) \(dryRun ? "would be free" : "freed"); "
                + "\(Readable.plural(versionsKept, "version")) kept\n"
        if filesSpared > 0 {
            lines +=
                "\(Readable.plural(filesSpared, "file")) of \(Readable.bytes(bytesSpared)) that no version names stay: "
                + "they are young, and a writer may be about to name them\n"
        }
        return lines
    }
}
