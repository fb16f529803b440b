// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct UsageTests {
    @Test func version() throws {
        let result = try Command.run("--version")
        #expect(result.status == 0)
        #expect(result.output == "0.1.0\n")
    }

    @Test(arguments: [["--help"], ["help"], ["search", "--help"], ["help", "inspect"], []])
    func help(arguments: [String]) throws {
        let result = try Command.run(arguments)
        #expect(result.status == 0)
        #expect(result.output.contains("USAGE: vectord"))
        #expect(result.errors == "")
    }

    @Test(arguments: [
        ["nonsense"], ["count"], ["count", "a", "b"], ["count", "t", "--nonsense"], ["append", "t"],
        ["append", "t", "--parquet", "a", "--ndjson", "b"], ["search", "t"], ["search", "t", "--query"],
        ["search", "t", "--query", "q", "--top-k", "x"], ["search", "t", "--query", "q", "--top-k", "0"],
        ["search", "t", "--query", "q", "--top-k=-1"], ["search", "t", "--query", "q", "--nprobes", "0"],
        ["search", "t", "--query", "q", "--refine", "some"], ["search", "t", "--query", "q", "--threads", "0"],
        ["migrate", "a"], ["migrate", "a", "b", "--dims", "0"], ["scan", "t", "--limit=-1"],
        ["count", "t", "--cache-bytes", "0"], ["count", "t", "--cache-bytes", "much"],
        ["count", "t", "--cache-directory", ""],
        ["scan", "t", "--columns", ""], ["scan", "t", "--columns", "a,,b"], ["get", "t"],
        ["inspect", "t", "--versions=-1"], ["bench", "nonsense"], ["count", "t", "--top-k", "99999999999999999999"],
        ["index"], ["index", "t", "--partitions", "0"], ["index", "t", "--bits", "5"],
        ["index", "t", "--sub-vectors", "0"], ["index", "t", "--metric", "hamming"], ["index", "t", "--seed=-1"],
        ["index", "t", "--memory-budget", "0"], ["index", "t", "--memory-budget", "much"],
        ["index", "t", "--threads", "0"], ["scalar-index", "t"], ["recall", "t"],
        ["recall", "t", "--queries", "q", "--nprobes", "0"], ["recall", "t", "--queries", "q", "--nprobes", "1,"],
        ["recall", "t", "--queries", "q", "--refine", "0"], ["recall", "t", "--queries", "q", "--limit", "0"],
        ["recall", "t", "--queries", "q", "--top-k", "0"], ["recall", "t", "--queries", "q", "--plot", ""],
    ])
    func wrongUsage(arguments: [String]) throws {
        let plain = try Command.run(arguments)
        #expect(plain.status == 2)
        #expect(plain.output == "")
        #expect(plain.errors.contains("Usage: vectord"))
        let json = try Command.run(arguments + ["--json"])
        #expect(json.status == 2)
        #expect(json.output == "")
        #expect(try Fixtures.errorCode(json) == "invalid_argument")
    }

    @Test(arguments: [
        ["count", "TABLE"], ["get", "TABLE", "a"], ["scan", "TABLE"], ["inspect", "TABLE"],
        ["search", "TABLE", "--query", "QUERY"], ["migrate", "NOTHING", "TABLE"],
        ["append", "TABLE", "--parquet", "NOTHING"], ["append", "TABLE", "--ndjson", "NOTHING"],
        ["search", "TABLE", "--query", "NOTHING"], ["index", "TABLE"], ["scalar-index", "TABLE", "doc_id"],
        ["recall", "TABLE", "--queries", "QUERY"],
    ])
    func nothingThere(arguments: [String]) throws {
        let scratch = try Scratch()
        let query = try scratch.file("q.json", "[1,2,3]")
        let arguments = arguments.map {
            ["TABLE": scratch.at("table"), "NOTHING": scratch.at("nothing"), "QUERY": query][$0] ?? $0
        }
        let plain = try Command.run(arguments)
        #expect(plain.status == 1)
        #expect(plain.output == "")
        #expect(plain.errors.hasPrefix("vectord: "))
        let json = try Command.run(arguments + ["--json"])
        #expect(json.status == 1)
        #expect(try Fixtures.errorCode(json) == "not_found")
        #expect(try scratch.names("") == ["q.json"])
    }

    /// What a user may point at by mistake.
    @Test func otherThings() throws {
        let scratch = try Scratch()
        let file = try scratch.file("file.txt", "some text")
        for command in [["count", file], ["scan", file], ["count", "gs://bucket/table"], ["count", ""]] {
            let result = try Command.run(command)
            #expect(result.status == 1, "\(command)")
            #expect(result.errors.hasPrefix("vectord: "))
        }
        #expect(try Command.run("append", scratch.path, "--ndjson", "-", input: Fixtures.lines()).status == 1)
        #expect(try Command.run("append", file, "--ndjson", "-", input: Fixtures.lines()).status == 1)
        #expect(try Command.run("append", scratch.at("t"), "--ndjson", scratch.path).status == 1)
        #expect(try Command.run("migrate", file, scratch.at("t")).status == 1)
        #expect(try scratch.names("") == ["file.txt"])
    }

    @Test func noStatisticsOfNothing() throws {
        let scratch = try Scratch()
        let result = try Command.run("stats", scratch.at("none"))
        #expect(result.status == 0)
        #expect(result.output.contains("no Lance table here yet"))
        let json = try Fixtures.object(Command.run("stats", scratch.at("none"), "--json").output)
        #expect(json["rows"] as? Int == 0)
    }
}
