// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LanceVectorStore

struct Recall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how much of the truth the vector index finds, and how fast.",
        discussion: """
            Searches for each query exactly, and then through the index with every choice of --nprobes and --refine, one \
            query after the other. Recall is the mean part of the true nearest rows that is among the hits. A hit is \
            right where a row of its doc_id and chunk_text is no farther from the query than the k-th nearest row; \
            distances that differ by at most 1e-6 (for distances above 1: a millionth) are the same, so that ties are \
            never misses, and each row counts once. Queries to which more than 65536 rows are as near as the k-th are \
            left out.

            'cheapest for' marks, for a recall of 0.90, 0.95 and 0.99, the point that reaches it with the smallest \
            median latency. Queries that are rows of the table make any index look good: take others.
            """)

    @OptionGroup var table: TableArgument

    @Option(
        help: ArgumentHelp("A .json or .npy file, as for 'search'; - reads standard input.", valueName: "file|-"),
        completion: .file())
    var queries: String

    @Option(help: ArgumentHelp("Rows to find.", valueName: "k"))
    var topK = 10

    @Option(
        help: ArgumentHelp(
            "Partitions of each segment to look into, such as 1,10,100. (default: powers of two, what a search takes, all)",
            valueName: "list"))
    var nprobes: ArgumentList<Int>?

    @Option(help: ArgumentHelp("Candidates for each hit that are compared exactly.", valueName: "list"))
    var refine = ArgumentList<RefineFactor>([.none, .factor(2), .factor(5), .factor(10)])

    @Option(help: ArgumentHelp("At most so many queries of the file. (default: all)", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Draw the points as a picture, a .svg file.", valueName: "file"), completion: .file())
    var plot: String?

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var columns: ColumnOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard topK >= 1 else { throw ValidationError("--top-k must be at least 1, got \(topK)") }
        if let bad = nprobes?.values.first(where: { $0 < 1 }) {
            throw ValidationError("--nprobes must be at least 1, got \(bad)")
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, got \(limit)") }
        if plot == "" { throw ValidationError("--plot needs the name of a file") }
    }

    func run() async throws {
        let store = try table.store(Options(threads: threads.threads, columns: columns.columns))
        // A table that is not there is told before what is wrong with the queries.
        _ = try await store.count()
        try checkPlace()
        var queries = try Queries(path: self.queries)
        if let limit { queries.vectors.removeLast(max(queries.vectors.count - limit, 0)) }
        let result = try await Progress.with("measuring") { progress in
            do {
                return try await RecallSweep(store: store, queries: queries, k: topK, progress: progress)
                    .run(nprobes: nprobes?.values, refine: refine.values)
            } catch var error as StoreError where error.path == nil {
                error.path = self.queries
                throw error
            }
        }
        if output.json { try printJSON(result) } else { try printLines(result) }
        // Results before the picture: they took long.
        try StandardOutput.flush()
        if let plot { try draw(result, plot) }
    }

    // MARK: Output

    private func printJSON(_ result: RecallSweep.Result) throws {
        var object = JSONObject()
        object.add("path", table.table)
        object.add("version", Int(clamping: result.version))
        object.add("index", result.indexName)
        object.add("partitions", result.partitions)
        object.add("default_nprobes", result.usualProbes)
        object.add("tail_rows", result.tailRows)
        object.add("top_k", topK)
        object.add("queries", result.queries)
        object.add("queries_left_out", result.leftOut)
        object.add("exact_p50_us", Self.rounded(result.exactP50))
        object.add(
            "points",
            result.points.map { point in
                var object = JSONObject()
                object.add("nprobes", point.nprobes)
                object.add("refine", point.refine)
                object.add("recall", (point.recall * 1e6).rounded() / 1e6)
                object.add("p50_us", Self.rounded(point.p50))
                object.add("p95_us", Self.rounded(point.p95))
                object.add("queries_per_second", Self.rounded(point.queriesPerSecond))
                object.add("cheapest_for", point.targets(among: result.points))
                return object
            })
        try object.print()
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    private func printLines(_ result: RecallSweep.Result) throws {
        try StandardOutput.write(
            Readable.line(
                "recall@\(topK) of \(result.indexName) (\(Readable.plural(result.partitions, "partition"))) over "
                    + "\(Readable.plural(result.queries, "query", "queries")); an exact search takes "
                    + "\(Readable.microseconds(result.exactP50))") + "\n")
        if result.leftOut > 0 {
            try StandardOutput.write(
                "\(Readable.plural(result.leftOut, "query", "queries")) left out: too many rows are as near as the "
                    + "one at place \(topK)\n")
        }
        if result.tailRows > 0 {
            try StandardOutput.write(
                "\(Readable.plural(result.tailRows, "row")) not covered by the index, compared one by one in every "
                    + "search; 'vectord index' takes them in\n")
        }
        var table = TextTable(
            .number("nprobes"), .number("refine"), .number("recall"), .number("p50 us"), .number("p95 us"),
            .number("queries/s"), .text("cheapest for"))
        for point in result.points {
            let targets = point.targets(among: result.points).map { Readable.decimal($0, 2) }.joined(separator: " ")
            table.add(
                "\(point.nprobes)", point.refine.map(String.init) ?? "none", Readable.decimal(point.recall, 4),
                Readable.decimal(point.p50, 1), Readable.decimal(point.p95, 1),
                Readable.decimal(point.queriesPerSecond, 0), targets)
        }
        try StandardOutput.write("\n" + table.lines.joined(separator: "\n") + "\n\n")
        let missed = RecallPoint.targets.filter { RecallPoint.cheapest(result.points, target: $0) == nil }
        if !missed.isEmpty {
            let texts = missed.map { Readable.decimal($0, 2) }.joined(separator: ", ")
            try StandardOutput.write("no point reaches \(texts)\n")
        }
        try StandardOutput.write(
            "a search takes nprobes \(result.usualProbes) and refine 10 where it is not told otherwise\n")
    }

    // MARK: Picture

    /// Whether the picture can be written at all, before the long work.
    private func checkPlace() throws {
        guard let plot else { return }
        let directory = URL(fileURLWithPath: plot).deletingLastPathComponent().path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue
        else {
            throw StoreError(code: .notFound, message: "there is no directory for the picture", path: plot)
        }
        if FileManager.default.fileExists(atPath: plot, isDirectory: &isDirectory), isDirectory.boolValue {
            throw StoreError(
                code: .invalidArgument, message: "this is a directory; --plot needs the name of a file", path: plot)
        }
    }

    private func draw(_ result: RecallSweep.Result, _ path: String) throws {
        let picture = RecallPlot(
            title: "Recall@\(topK) and latency of \(result.indexName)",
            subtitle: "\(URL(fileURLWithPath: table.table).lastPathComponent): "
                + "\(Readable.plural(result.partitions, "partition")), "
                + "\(Readable.plural(result.queries, "query", "queries")) one after the other; "
                + "exact search \(Readable.microseconds(result.exactP50))",
            points: result.points)
        do {
            try picture.svg.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw StoreError(
                code: .io, message: "cannot write the picture: \(error.localizedDescription)", path: path)
        }
        if !output.json { try StandardOutput.write("picture: \(Readable.line(path))\n") }
    }
}
