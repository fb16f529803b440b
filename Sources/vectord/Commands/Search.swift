// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Search: AsyncParsableCommand {
    /// How many candidates of an index search are compared exactly.
    enum Refine: ExpressibleByArgument {
        case none
        case factor(Int)

        init?(argument: String) {
            if argument == "none" {
                self = .none
            } else if let factor = Int(argument), factor >= 1 {
                self = .factor(factor)
            } else {
                return nil
            }
        }

        var defaultValueDescription: String { factor.map(String.init) ?? "none" }

        var factor: Int? {
            switch self {
            case .none: nil
            case .factor(let factor): factor
            }
        }
    }

    private static let textLimit = 100

    static let configuration = CommandConfiguration(
        abstract: "Find the rows whose vectors are nearest to a query, by cosine.",
        discussion: """
            The query is JSON (an array of numbers, or an array of such arrays for several queries) or a .npy file of \
            float32 or float64 with the shape (d,) or (n, d). With --json the answer is {"hits":[…]}, and for an array of \
            arrays or a shape (n, d) a list of those.
            """)

    @OptionGroup var table: TableArgument

    @Option(
        help: ArgumentHelp("A .json or .npy file; - reads standard input.", valueName: "file|-"), completion: .file())
    var query: String

    @Option(help: ArgumentHelp("Rows to find.", valueName: "k"))
    var topK = 10

    @Option(help: ArgumentHelp("Partitions of an index to look into. Of no effect without an index.", valueName: "n"))
    var nprobes: Int?

    @Option(
        help: ArgumentHelp(
            "Candidates for each hit that an index search compares exactly, or none. Of no effect without an index.",
            valueName: "n|none"))
    var refine = Refine.factor(10)

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard topK >= 1 else { throw ValidationError("--top-k must be at least 1, got \(topK)") }
        if let nprobes, nprobes < 1 { throw ValidationError("--nprobes must be at least 1, got \(nprobes)") }
    }

    func run() async throws {
        let queries = try Queries(path: query)
        let store = try LanceVectorStore(path: table.table, options: Options(threads: threads.threads))
        var answers: [[Hit]] = []
        try await Progress.with("searching", isShown: !StandardOutput.isTerminal || queries.vectors.count > 1) {
            progress in
            for (index, vector) in queries.vectors.enumerated() {
                do {
                    answers.append(
                        try await store.search(vector, topK: topK, nprobes: nprobes, refineFactor: refine.factor))
                } catch {
                    var error = StoreError(reporting: error, path: table.table)
                    if queries.isList { error.message = "query \(index): \(error.message)" }
                    throw error
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

    private func printJSON(_ answers: [[Hit]], isList: Bool) throws {
        let objects = answers.map { hits in
            var answer = JSONObject()
            answer.add(
                "hits",
                hits.map { hit in
                    var object = JSONObject()
                    object.add("doc_id", hit.docID)
                    object.add("chunk_text", hit.chunkText)
                    object.add("score", hit.score)
                    object.add("distance", hit.distance)
                    return object
                })
            return answer
        }
        guard isList else { return try objects.first?.print() ?? () }
        try StandardOutput.write(JSONObject.list(objects) + [UInt8(ascii: "\n")])
    }

    private func printLines(_ answers: [[Hit]], _ isList: Bool) throws {
        for (index, hits) in answers.enumerated() {
            if isList { try StandardOutput.write("query \(index)\n") }
            for hit in hits {
                let score = Readable.decimal(Double(hit.score), 4)
                try StandardOutput.write(
                    "\(score)  \(Readable.line(hit.docID))  \(Readable.line(hit.chunkText, limit: Self.textLimit))\n")
            }
            if hits.isEmpty { try StandardOutput.write("no rows found\n") }
        }
    }
}
