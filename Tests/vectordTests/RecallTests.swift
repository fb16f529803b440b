// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct RecallTests {
    @Test func sweep() throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.indexed(scratch)
        let queries = try IndexFixtures.queries(scratch, table)
        let json = try Command.run(
            "recall", table, "--queries", queries, "--nprobes", "1,4,4,99", "--refine", "none,40", "--json", "--plot",
            scratch.at("p.svg"))
        try #require(json.status == 0, "\(json.errors)")
        let object = try Fixtures.object(json.output)
        #expect(object["index"] as? String == "vec_idx" && object["partitions"] as? Int == 16)
        #expect(object["queries"] as? Int == 8 && object["top_k"] as? Int == 10)
        let points = try #require(object["points"] as? [[String: Any]])
        #expect(points.map { $0["nprobes"] as? Int } == [1, 4, 16, 1, 4, 16])
        #expect(points.map { $0["refine"] as? Int } == [nil, nil, nil, 40, 40, 40])
        let recalls = try points.map { try #require($0["recall"] as? Double) }
        #expect(recalls.allSatisfy { (0...1).contains($0) })
        // All partitions and many candidates: as good as exact.
        #expect(recalls[5] == 1)
        #expect(recalls[3] <= recalls[5] && recalls[0] <= recalls[3] + 0.01)
        #expect(points.contains { !($0["cheapest_for"] as? [Double] ?? []).isEmpty })
        let picture = try Data(contentsOf: URL(fileURLWithPath: scratch.at("p.svg")))
        #expect(XMLParser(data: picture).parse())
    }

    @Test func text() throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.indexed(scratch)
        let queries = try IndexFixtures.queries(scratch, table)
        let result = try Command.run(
            "recall", table, "--queries", queries, "--limit", "3", "--top-k", "5", "--threads", "1")
        try #require(result.status == 0, "\(result.errors)")
        #expect(result.lines[0].hasPrefix("recall@5 of vec_idx (16 partitions) over 3 queries; an exact search takes "))
        #expect(result.lines[1] == "nprobes  refine  recall  p50 us  p95 us  queries/s  cheapest for")
        // 1, 2, 4, 8, 10 and 16 partitions with four refine factors.
        #expect(result.lines.filter { $0.hasPrefix("   ") }.count == 24)
        #expect(result.lines.contains { $0.hasSuffix("0.99") })
    }

    /// Rows that are the same, ties, and rows after the index was built.
    @Test func sameRows() throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.sample(scratch)
        for _ in 0..<2 { #expect(try Command.run("append", table, "--parquet", Fixtures.parquet).status == 0) }
        #expect(try Command.run("index", table, "--partitions", "16", "--relaxed").status == 0)
        #expect(try Command.run("append", table, "--parquet", Fixtures.parquet).status == 0)
        let queries = try IndexFixtures.queries(scratch, table)
        let result = try Command.run(
            "recall", table, "--queries", queries, "--nprobes", "16", "--refine", "40", "--json")
        let object = try Fixtures.object(result.output)
        #expect(object["tail_rows"] as? Int == 2000)
        let points = try #require(object["points"] as? [[String: Any]])
        #expect(points.map { $0["recall"] as? Double } == [1])
        #expect(
            try Command.run("recall", table, "--queries", queries, "--nprobes", "16").output
                .contains("2000 rows not covered by the index"))
    }

    @Test func refused() throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.indexed(scratch)
        let queries = try IndexFixtures.queries(scratch, table)
        let zeros = "[" + Array(repeating: "0", count: 384).joined(separator: ",") + "]"
        let plain = try IndexFixtures.sample(scratch, "plain")
        let cases: [(arguments: [String], code: String, mention: String)] = [
            ([plain, "--queries", queries], "invalid_argument", "no vector index"),
            ([scratch.at("none"), "--queries", queries], "not_found", "none"),
            ([table, "--queries", scratch.at("none")], "not_found", "none"),
            ([table, "--queries", try scratch.file("short.json", "[[1,2,3]]")], "invalid_argument", "query 0"),
            ([table, "--queries", try scratch.file("mixed.json", "[[1,2,3],[1,2]]")], "invalid_argument", "query 1"),
            ([table, "--queries", try scratch.file("zero.json", zeros)], "invalid_argument", "zeros"),
            ([table, "--queries", try scratch.file("empty.json", "[]")], "invalid_argument", "0 numbers"),
            ([table, "--queries", queries, "--top-k", "2001"], "invalid_argument", "2000 rows"),
            ([table, "--queries", queries, "--plot", scratch.at("no/p.svg")], "not_found", "directory"),
            ([table, "--queries", queries, "--plot", scratch.path], "invalid_argument", "directory"),
        ]
        for (arguments, code, mention) in cases {
            let result = try Command.run(["recall", "--json"] + arguments)
            #expect(result.status == 1, "\(arguments)")
            #expect(result.output == "")
            #expect(try Fixtures.errorCode(result) == code)
            #expect(result.errors.contains(mention), "\(result.errors)")
        }
    }
}
