// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import Testing

@Suite struct IndexTests {
    @Test func vectorIndex() throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.sample(scratch)
        #expect(try Command.run("stats", table).output.contains("vector index  no\n"))
        let json = try Command.run(
            "index", table, "--partitions", "8", "--sub-vectors", "24", "--metric", "l2", "--seed", "7", "--threads",
            "1", "--memory-budget", "64MiB", "--json")
        try #require(json.status == 0, "\(json.errors)")
        let stats = try JSONDecoder().decode(IndexStats.self, from: Data(json.output.utf8))
        #expect(stats.name == "vec_idx")
        #expect(stats.numPartitions == 8 && stats.numBits == 8 && stats.numSubVectors == 24)
        #expect(stats.diskBytesAdded > 2000 * 24 && stats.buildTimeSeconds > 0)
        let text = try Command.run("index", table, "--bits", "4")
        #expect(text.lines.first == "index vec_idx: 7 partitions, 48 codes of 4 bits a row, metric cosine")
        #expect(text.lines.last?.hasPrefix("built in ") == true && text.lines.count == 2)
        #expect(text.errors == "")
        let shown = try Command.run("stats", table).output
        #expect(
            shown.contains(
                "vector index  yes: vec_idx (IVF_PQ, cosine, 7 partitions, 48 codes of 4 bits a row, 2000 rows)"))
    }

    @Test func scalarIndex() throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.sample(scratch)
        let json = try Command.run("scalar-index", table, "doc_id", "--json")
        let stats = try JSONDecoder().decode(ScalarIndexStats.self, from: Data(json.output.utf8))
        #expect(stats.name == "doc_id_btree" && stats.column == "doc_id" && stats.diskBytesAdded > 0)
        let text = try Command.run("scalar-index", table, "chunk_idx")
        #expect(text.output.hasPrefix("index chunk_idx_btree built in "))
        #expect(try Command.run("stats", table).output.contains("doc_id index  yes: doc_id_btree (BTREE, 2000 rows)"))
        for (column, code) in [("nothing", "not_found"), ("vector", "unsupported"), ("", "not_found")] {
            let result = try Command.run("scalar-index", table, column, "--json")
            #expect(result.status == 1)
            #expect(try [code, "schema_mismatch"].contains(Fixtures.errorCode(result)), "\(result.errors)")
        }
    }

    /// What does not fit the table is refused with a reason, and changes nothing.
    @Test func refused() throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.sample(scratch)
        let before = try IndexFixtures.listing(table)
        for arguments in [
            ["--partitions", "2001"], ["--sub-vectors", "7"], ["--sub-vectors", "385"], ["--memory-budget", "1kB"],
            ["--bits", "4", "--sub-vectors", "3"],
        ] {
            let result = try Command.run(["index", table, "--json"] + arguments)
            #expect(result.status == 1, "\(arguments)")
            #expect(result.output == "")
            #expect(try Fixtures.errorCode(result) == "invalid_argument")
        }
        let small = try Fixtures.table(scratch, "small")
        let few = try Command.run("index", small)
        #expect(few.status == 1 && few.errors.contains("256"))
        #expect(try IndexFixtures.listing(table) == before)
    }

    /// A signal ends the build, and the command as by that signal; the table is as it was.
    @Test(arguments: ["INT", "TERM"])
    func interrupted(signal: String) throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.sample(scratch)
        // Over and over, as nobody knows how long a build takes here. A shell's background jobs ignore Ctrl-C.
        let result = try Command.shell(
            """
            cd '\(scratch.path)'
            for wait in 0.3 0.2 0.1 0.05; do
                find '\(table)' -type f | sort >before
                perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$V" index '\(table)' --partitions 500 --threads 1 \
                    --relaxed --json >/dev/null 2>errors & p=$!
                sleep $wait; kill -\(signal) $p; wait $p; code=$?
                [ $code -gt 128 ] && break
            done
            find '\(table)' -type f | sort | cmp - before
            echo $code
            """)
        #expect(result.output == (signal == "INT" ? "130\n" : "143\n"))
        let errors = try String(contentsOfFile: scratch.at("errors"), encoding: .utf8)
        #expect(errors.isEmpty || errors.contains("\"cancelled\""), "\(errors)")
    }

    @Test func explained() throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.indexed(scratch)
        let queries = try IndexFixtures.queries(scratch, table, count: 2)
        let json = try Command.run(
            "search", table, "--query", queries, "--top-k", "3", "--nprobes", "4", "--explain", "--json")
        let explanations = try JSONDecoder().decode([SearchExplanation].self, from: Data(json.output.utf8))
        #expect(explanations.count == 2)
        for explanation in explanations {
            #expect(explanation.indexName == "vec_idx")
            #expect(explanation.partitions == 16 && explanation.partitionsProbed == 4)
            #expect(explanation.largestSegmentPartitions == 16 && explanation.nprobes == 4)
            #expect(explanation.hits.count == 3 && explanation.tailRows == 0 && explanation.bytesRead > 0)
            #expect(explanation.stages.map(\.name).contains("refine"))
        }
        let text = try Command.run("search", table, "--query", queries, "--top-k", "3", "--nprobes", "4", "--explain")
        #expect(text.lines.contains { $0.contains("index vec_idx: 4 of 16 partitions") })
        #expect(text.lines.contains { $0.hasPrefix("total") })
        let plain = try Fixtures.table(scratch, "plain")
        let exact = try Command.run("search", plain, "--query", "-", "--explain", input: "[1,0,0]")
        #expect(exact.output.contains("no index: every row was compared"))
    }

    @Test func inspected() throws {
        let scratch = try Scratch()
        let table = try IndexFixtures.indexed(scratch)
        #expect(try Command.run("scalar-index", table, "doc_id").status == 0)
        #expect(try Command.run("append", table, "--parquet", Fixtures.parquet, "--relaxed").status == 0)
        let text = try Command.run("inspect", table).output
        #expect(
            text.contains("IVF_PQ, cosine, 16 partitions, 48 codes of 8 bits a row, 2000 rows, 2000 rows not covered"))
        #expect(text.contains("BTREE, 2000 rows, 2000 rows not covered"))
        let indices = try #require(
            try Fixtures.object(Command.run("inspect", table, "--json").output)["indices"] as? [[String: Any]])
        let vectors = try #require(indices.first { $0["name"] as? String == "vec_idx" })
        #expect(vectors["type"] as? String == "IVF_PQ" && vectors["metric"] as? String == "cosine")
        #expect(vectors["partitions"] as? Int == 16 && vectors["uncovered_rows"] as? Int == 2000)
        // Without its files the rest is still shown.
        try FileManager.default.removeItem(atPath: table + "/_indices")
        let damaged = try Command.run("inspect", table)
        #expect(damaged.status == 0)
        #expect(damaged.output.contains("its files cannot be read"))
        let stats = try Command.run("stats", table)
        #expect(stats.status == 0 && stats.output.contains("vector index  no; searches cannot use 'vec_idx'"))
        #expect(stats.output.contains("doc_id index  no; searches cannot use 'doc_id_btree'"))
        for kind in ["a vector index is not used", "a scalar index is not used"] {
            #expect(stats.errors.components(separatedBy: kind).count == 2, "\(stats.errors)")
        }
        let refused = try Command.run("search", table, "--query", try IndexFixtures.queries(scratch, table))
        #expect(refused.status == 1 && refused.errors.contains("'vec_idx' cannot be used"), "\(refused.errors)")
    }
}
