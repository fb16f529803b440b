// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Maintain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Do what pays: indices, small fragments, old versions.",
        discussion: """
            Optimizes indices when 1,000 rows or more are in none of their segments, compacts fragments when four or more are \
            small or many of their rows are deleted, and removes what was replaced 14 days ago. For a timer: where there \
            is nothing to do it takes no time.
            """)

    @OptionGroup var table: TableArgument

    @Option(
        help: ArgumentHelp("Begin nothing after this time, such as 30s or 10m. (default: 60s)", valueName: "time"),
        transform: DurationArgument.parse)
    var budget: DurationArgument?

    @Flag(help: "Say what there is to do, and do nothing.")
    var dryRun = false

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var options = write.options
        options.threads = threads.threads
        let store = try table.store(options)
        let stats = try await store.maintain(budget: budget?.duration ?? .seconds(60), dryRun: dryRun)
        if output.json { try printJSON(stats) } else { try printLines(stats) }
    }

    private func printJSON(_ stats: MaintenanceStats) throws {
        var object = JSONObject()
        if let optimized = stats.optimized { object.add("optimized", optimized.json) }
        if let compacted = stats.compacted { object.add("compacted", compacted.json) }
        if let cleaned = stats.cleaned { object.add("cleaned", cleaned.json) }
        var left = JSONObject()
        for step in MaintenanceStats.Step.allCases {
            if let reason = stats.left[step] { left.add(step.rawValue, reason) }
        }
        object.add("left", left)
        object.add("duration_secs", stats.durationSeconds)
        try object.print()
    }

    private func printLines(_ stats: MaintenanceStats) throws {
        if let optimized = stats.optimized { try StandardOutput.write(optimized.lines(dryRun: dryRun)) }
        if let compacted = stats.compacted { try StandardOutput.write(compacted.lines(dryRun: dryRun)) }
        if let cleaned = stats.cleaned, cleaned.filesRemoved > 0 {
            try StandardOutput.write(cleaned.lines(dryRun: dryRun))
        }
        for step in MaintenanceStats.Step.allCases {
            guard let reason = stats.left[step] else { continue }
            try StandardOutput.write("\(step.rawValue): left, since \(Readable.line(reason))\n")
        }
        if stats.optimized == nil, stats.compacted == nil, stats.cleaned?.filesRemoved ?? 0 == 0, stats.left.isEmpty {
            try StandardOutput.write("there is nothing to do\n")
        }
    }
}
