// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct BenchTests {
    private func lines(_ result: Command.Result) throws -> [[String: Any]] {
        try #require(result.status == 0, "\(result.errors)")
        return try result.lines.map { try Fixtures.object($0) }
    }

    @Test func everyOperation() throws {
        let scratch = try Scratch()
        let table = scratch.at("t")
        let info = try lines(Command.run("bench", "info", "--parquet", "x", "--dataset", "y", "--queries", "z"))
        #expect(info.first?["peer"] as? String == "swift-lance")
        let migrate = try #require(
            try lines(Command.run("bench", "migrate", "--parquet", Fixtures.parquet, "--dataset", table)).first)
        #expect(migrate["rows"] as? Int == 2000)
        #expect(Set(migrate.keys) == ["op", "seconds", "cpu_s", "rows", "rss_mb", "disk"])
        let count = try lines(Command.run("bench", "count", "--dataset", table))
        #expect(count.map { $0["op"] as? String } == ["open", "count", "open+count"])
        #expect(count.allSatisfy { Set($0.keys) == ["op", "p50_us", "p95_us", "p99_us", "mean_us"] })

        let ids = try Command.run("scan", table, "--columns", "doc_id").lines
            .map { try #require(try Fixtures.object($0)["doc_id"] as? String) }
        let idFile = try scratch.file("ids.txt", ids.joined(separator: "\n") + "\n")
        let get = try lines(
            Command.run(
                "bench", "get", "--dataset", table, "--params", #"{"ids_txt":"\#(idFile)","index":false,"n":8}"#))
        #expect(get.map { $0["mode"] as? String } == ["open", "reopen"])
        #expect(get.map { $0["n"] as? Int } == [8, 2])

        let vector = try Command.run("scan", table, "--columns", "vector", "--limit", "1").output
        let query = try scratch.file("q.json", "[" + vector.dropFirst(#"{"vector":"#.count).dropLast(2) + "]")
        let search = try lines(Command.run("bench", "search", "--dataset", table, "--queries", query))
        #expect(search.map { $0["op"] as? String } == ["first_query", "exact"])
        let reopen = try lines(Command.run("bench", "reopen", "--dataset", table, "--queries", query))
        #expect(reopen.first?["op"] as? String == "reopen")

        let append = try lines(
            Command.run("bench", "append", "--dataset", table, "--params", #"{"append":"\#(Fixtures.parquet)"}"#))
        #expect(append.map { $0["rows"] as? Int } == [1, 100, 1000, 1, 100, 1000])
        #expect(append.map { $0["fsync"] as? Bool } == [true, true, true, false, false, false])
        #expect(try Command.run("count", table).output == "\(2000 + 2 * (7 + 700 + 5000))\n")
    }

    @Test func wrongUse() throws {
        #expect(try Command.run("bench", "migrate").status == 1)
        #expect(try Command.run("bench", "get", "--dataset", "x").status == 1)
        #expect(try Command.run("bench", "info", "--params", "nonsense").status == 1)
    }
}
