// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Get: AsyncParsableCommand {
    private static let shownNumbers = 6

    static let configuration = CommandConfiguration(
        abstract: "Print the row with a doc_id.",
        discussion: "An id that begins with '-' goes after '--': vectord get TABLE -- -1")

    @OptionGroup var table: TableArgument

    @Argument(help: "The row's doc_id.")
    var docID: String

    @OptionGroup var columns: ColumnOptions
    @OptionGroup var shown: ShownColumns
    @OptionGroup var version: VersionOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try table.store(Options(columns: columns.columns, version: version.at?.version))
        guard let row = try await store.row(docID: docID, columns: shown.names) else {
            throw StoreError(
                code: .notFound, message: "there is no row with the doc_id '\(Readable.line(docID, limit: 100))'",
                path: table.table
            )
        }
        if output.json { try printJSON(row) } else { try printLines(row) }
    }

    private func printJSON(_ row: Row) throws {
        var object = JSONObject()
        object.add("doc_id", row.docID)
        object.add("chunk_text", row.chunkText)
        object.add("vector", row.vector)
        object.add("source", row.source)
        object.add("chunk_idx", row.chunkIndex)
        object.add(columns: row.columns)
        try object.print()
    }

    private func printLines(_ row: Row) throws {
        let numbers = row.vector.prefix(Self.shownNumbers).map { "\($0)" }.joined(separator: ", ")
        let more = row.vector.count > Self.shownNumbers ? ", …" : ""
        try StandardOutput.write(
            """
            doc_id     \(Readable.line(row.docID))
            source     \(row.source.map { Readable.line($0) } ?? "none")
            chunk_idx  \(row.chunkIndex.map { "\($0)" } ?? "none")
            vector     \(Readable.plural(row.vector.count, "number")): \(numbers)\(more)

            \(Readable.paragraph(row.chunkText))

            """)
        if !row.columns.isEmpty {
            var object = JSONObject()
            object.add(columns: row.columns)
            try StandardOutput.write(object.finished + [10])
        }
    }
}
