// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceTable
import LanceVectorStore

struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what a table holds.",
        discussion: "Where there is no table yet, everything is zero.")

    @OptionGroup var table: TableArgument
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try LanceVectorStore(path: table.table)
        let stats = try await store.stats()
        guard !output.json else {
            var object = JSONObject()
            object.add("path", stats.path)
            object.add("rows", stats.rows)
            object.add("disk_bytes", stats.diskBytes)
            object.add("has_vector_index", stats.hasVectorIndex)
            object.add("has_doc_id_index", stats.hasDocIDIndex)
            return try object.print()
        }
        try StandardOutput.write(
            """
            path          \(stats.path)
            rows          \(stats.rows)
            disk          \(Readable.bytes(stats.diskBytes))
            vector index  \(stats.hasVectorIndex ? "yes" : "no")
            doc_id index  \(stats.hasDocIDIndex ? "yes" : "no")

            """)
        let exists = try await reporting(table.table) { try await store.table.latestIfAny() != nil }
        if !exists { try StandardOutput.write("there is no Lance table here yet\n") }
    }
}
