// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct BuildIndex: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Build the vector index that makes searches fast, or build it again.",
        discussion: """
            An IVF_PQ index: vectors are cut into partitions around centroids, and each row is stored as short codes. \
            Searches use it from then on, by its metric; rows that are appended later are compared one by one until the \
            index is built again. The table needs 256 vectors, or 16 for 4-bit codes. The same seed over the same rows \
            gives the same index. 'vectord recall' measures how good it is.

            It is named vec_idx and replaces the one of that name in one step. Ctrl-C leaves the table as it was.
            """)

    @OptionGroup var table: TableArgument

    @Option(
        help: ArgumentHelp(
            "Partitions. (default: the root of the number of vectors, but at least 256 vectors a partition)",
            valueName: "n"))
    var partitions: Int?

    @Option(help: ArgumentHelp("Bits of a code: 8 or 4.", valueName: "8|4"))
    var bits = 8

    @Option(
        help: ArgumentHelp(
            "Codes of a row, a divisor of the dimensions, even for 4 bits. (default: the largest up to 48)",
            valueName: "m"))
    var subVectors: Int?

    @Option(help: "How vectors are compared.")
    var metric = MetricArgument.cosine

    @Option(help: ArgumentHelp("Seed of the random choices.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "Memory to use beside the table's own files, such as 512MB or 1GiB. (default: as much as training and codes take, at most about 400 MB and 20 bytes a row)",
            valueName: "bytes"))
    var memoryBudget: ByteCount?

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var columns: ColumnOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let partitions, partitions < 1 {
            throw ValidationError("--partitions must be at least 1, got \(partitions)")
        }
        guard bits == 8 || bits == 4 else { throw ValidationError("--bits must be 8 or 4, got \(bits)") }
        if let subVectors, subVectors < 1 {
            throw ValidationError("--sub-vectors must be at least 1, got \(subVectors)")
        }
    }

    func run() async throws {
        var options = write.options
        options.threads = threads.threads
        options.memoryBudget = memoryBudget?.bytes
        options.columns = columns.columns
        let store = try table.store(options)
        let stats = try await Progress.with("indexing") { progress in
            try await Interruption.cancelling { [self] in
                try await store.buildIndex(
                    numPartitions: partitions, numBits: bits, numSubVectors: subVectors, metric: metric.metric,
                    seed: seed
                ) { progress.update($0.fraction, stage: $0.stage.label) }
            }
        }
        guard !output.json else {
            var object = JSONObject()
            object.add("name", stats.name)
            object.add("num_partitions", stats.numPartitions)
            object.add("num_bits", stats.numBits)
            object.add("num_sub_vectors", stats.numSubVectors)
            object.add("build_time_secs", stats.buildTimeSeconds)
            object.add("disk_bytes_added", stats.diskBytesAdded)
            return try object.print()
        }
        try StandardOutput.write(
            "index \(stats.name): \(Readable.plural(stats.numPartitions, "partition")), "
                + "\(Readable.plural(stats.numSubVectors, "code")) of \(stats.numBits) bits a row, "
                + "metric \(metric.rawValue)\n"
                + "built in \(Readable.seconds(stats.buildTimeSeconds)), \(Readable.bytes(stats.diskBytesAdded)) added\n"
        )
    }
}

extension IndexProgress.Stage {
    /// The stage and its place among all: stages take very different times, so that no fraction of the whole is known.
    fileprivate var label: String {
        let name =
            switch self {
            case .survey: "looking at vectors"
            case .trainPartitions: "learning partitions"
            case .trainCodes: "learning codes"
            case .assign: "assigning rows"
            case .encode: "encoding rows"
            case .write: "writing"
            }
        let place = Self.allCases.firstIndex(of: self).map { $0 + 1 } ?? 0
        return "\(place)/\(Self.allCases.count) \(name)"
    }
}
