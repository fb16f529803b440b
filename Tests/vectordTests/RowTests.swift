// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import Testing

/// migrate, append, count, stats, get.
@Suite struct RowTests {
    @Test func migrate() throws {
        let scratch = try Scratch()
        let table = scratch.at("t")
        let text = try Command.run("migrate", Fixtures.parquet, table)
        #expect(text.status == 0)
        #expect(text.output.hasPrefix("2000 rows of 384 dimensions written in "))
        let json = try Command.run("migrate", Fixtures.parquet, table, "--relaxed", "--json", "--dims", "384")
        let stats = try JSONDecoder().decode(MigrationStats.self, from: Data(json.output.utf8))
        #expect(stats.rowsWritten == 2000 && stats.dimensions == 384 && stats.nullVectors == 0 && stats.diskBytes > 0)
        #expect(try Command.run("count", table).output == "2000\n")
        #expect(try Command.run("count", table, "--json").output == "{\"rows\":2000}\n")
        let wrong = try Command.run("migrate", Fixtures.parquet, table, "--dims", "5", "--json")
        #expect(wrong.status == 1)
        #expect(try Fixtures.errorCode(wrong) == "invalid_argument")
        #expect(try Command.run("count", table).output == "2000\n")
    }

    @Test func appendParquet() throws {
        let scratch = try Scratch()
        let table = scratch.at("t")
        let json = try Command.run("append", table, "--parquet", Fixtures.parquet, "--json")
        let stats = try JSONDecoder().decode(AppendStats.self, from: Data(json.output.utf8))
        #expect(stats.rowsAppended == 2000)
        #expect(try Command.run("append", table, "--parquet", Fixtures.parquet).output.hasPrefix("2000 rows appended"))
        let counted = try JSONDecoder().decode(
            DatasetStats.self, from: Data(Command.run("stats", table, "--json").output.utf8))
        #expect(counted.rows == 4000 && counted.path == table && !counted.hasVectorIndex && !counted.hasDocIDIndex)
        #expect(try Command.run("stats", table).output.contains("rows          4000\n"))
        #expect(try Command.run("stats", "file://" + table, "--json").status == 0)
    }

    @Test func getEveryRow() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        for (index, row) in Fixtures.rows.enumerated() {
            let json = try Command.run("get", table, "--json", "--", row.id)
            #expect(json.status == 0, "\(json.errors)")
            let found = try JSONDecoder().decode(Row.self, from: Data(json.output.utf8))
            #expect(
                found
                    == Row(docID: row.id, chunkText: row.text, vector: row.vector, source: "s", chunkIndex: index))
            let text = try Command.run("get", table, "--", row.id)
            #expect(text.status == 0)
            #expect(text.output.contains("chunk_idx  \(index)\n"))
            // Nothing that moves the cursor, whatever the row holds.
            #expect(!text.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
        }
        // Fewest digits, not a float's neighbour in double.
        #expect(try Command.run("get", table, "日本語 🦊 é", "--json").output.contains("[0.1,0.2,0.3]"))
    }

    @Test func getNothing() throws {
        let scratch = try Scratch()
        let table = try Fixtures.table(scratch)
        let text = try Command.run("get", table, "nobody's")
        #expect(text.status == 1)
        #expect(text.output == "")
        #expect(text.errors.contains("nobody's"))
        let json = try Command.run("get", table, "nobody", "--json")
        #expect(json.status == 1 && json.output == "")
        #expect(try Fixtures.errorCode(json) == "not_found")
    }
}
