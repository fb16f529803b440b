// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Search: AsyncParsableCommand {
    private static let textLimit = 100

    static let configuration = CommandConfiguration(
        abstract: "Find the rows whose vectors are nearest to a query.",
        discussion: """
            The query is JSON (an array of numbers, or an array of such arrays for several queries) or a .npy file of \
            float32 or float64 with the shape (d,) or (n, d). With --json the answer is {"hits":[…]}, and for an array of \
            arrays or a shape (n, d) a list of those.

            With a vector index (see 'vectord index') vectors are compared by the index's metric; without one every row \
            is compared by cosine. The first number of a line is the score, 1 - distance: for cosine the cosine.
            """)

    @OptionGroup var table: TableArgument

    @Option(
        help: ArgumentHelp("A .json or .npy file; - reads standard input.", valueName: "file|-"), completion: .file())
    var query: String

    @Option(help: ArgumentHelp("Rows to find.", valueName: "k"))
    var topK = 10

    @Option(
        help: ArgumentHelp(
            "Partitions of each segment of the index to look into: more find more and take longer. (default: by its size)",
            valueName: "n"))
    var nprobes: Int?

    @Option(
        help: ArgumentHelp(
            "Candidates for each hit that are compared exactly; with none, distances are estimates by the index.",
            valueName: "n|none"))
    var refine = RefineFactor.factor(10)

    @Flag(help: "Tell how each search went: the index, what was looked at, and the time of each stage.")
    var explain = false

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var columns: ColumnOptions
    @OptionGroup var shown: ShownColumns
    @OptionGroup var version: VersionOption
    @OptionGroup var output: OutputOptions

    /// What one query gave; an explanation holds its hits too.
    private struct Answer {
        var hits: [Hit]
        var explanation: SearchExplanation?
    }

    func validate() throws {
        guard topK >= 1 else { throw ValidationError("--top-k must be at least 1, got \(topK)") }
        if let nprobes, nprobes < 1 { throw ValidationError("--nprobes must be at least 1, got \(nprobes)") }
    }

    func run() async throws {
        let queries = try Queries(path: query)
        let store = try table.store(
            Options(threads: threads.threads, columns: columns.columns, version: version.at?.version))
        var answers: [Answer] = []
        try await Progress.with("searching", isShown: !StandardOutput.isTerminal || queries.vectors.count > 1) {
            progress in
            for (index, vector) in queries.vectors.enumerated() {
                do {
                    answers.append(try await answer(vector, store))
                } catch {
                    throw queries.naming(index, StoreError(reporting: error, path: table.table))
                }
                progress.update(Double(index + 1) / Double(queries.vectors.count))
            }
        }
        if output.json {
            try printJSON(answers, isList: queries.isList)
        } else {
            try printLines(answers, queries.isList)
        }
    }

    private func answer(_ vector: [Float], _ store: LanceVectorStore) async throws(StoreError) -> Answer {
        guard explain else {
            return Answer(
                hits: try await store.search(
                    vector, topK: topK, nprobes: nprobes, refineFactor: refine.factor, columns: shown.names))
        }
        let explanation = try await store.explain(
            vector, topK: topK, nprobes: nprobes, refineFactor: refine.factor, columns: shown.names)
        return Answer(hits: explanation.hits, explanation: explanation)
    }

    private func printJSON(_ answers: [Answer], isList: Bool) throws {
        let objects = answers.map { answer in
            var object = JSONObject()
            if let explanation = answer.explanation { ExplanationText.add(explanation, to: &object) }
            object.add(
                "hits",
                answer.hits.map { hit in
                    var object = JSONObject()
                    object.add("doc_id", hit.docID)
                    object.add("chunk_text", hit.chunkText)
                    object.add("score", hit.score)
                    object.add("distance", hit.distance)
                    object.add(columns: hit.columns)
                    return object
                })
            return object
        }
        guard isList else { return try objects.first?.print() ?? () }
        try StandardOutput.write(JSONObject.list(objects) + [UInt8(ascii: "\n")])
    }

    private func printLines(_ answers: [Answer], _ isList: Bool) throws {
        for (index, answer) in answers.enumerated() {
            if isList { try StandardOutput.write("query \(index)\n") }
            for hit in answer.hits {
                let score = Readable.decimal(Double(hit.score), 4)
                try StandardOutput.write(
                    "\(score)  \(Readable.line(hit.docID))  \(Readable.line(hit.chunkText, limit: Self.textLimit))\n")
                if !hit.columns.isEmpty {
                    var object = JSONObject()
                    object.add(columns: hit.columns)
                    try StandardOutput.write([UInt8](repeating: UInt8(ascii: " "), count: 8) + object.finished + [10])
                }
            }
            if answer.hits.isEmpty { try StandardOutput.write("no rows found\n") }
            if let explanation = answer.explanation {
                try StandardOutput.write("\n")
                for line in ExplanationText.lines(explanation) { try StandardOutput.write(Readable.line(line) + "\n") }
                if index + 1 < answers.count { try StandardOutput.write("\n") }
            }
        }
    }
}
