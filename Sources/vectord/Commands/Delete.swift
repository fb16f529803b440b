// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceVectorStore

struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete rows by doc_id or by source, in one commit.",
        discussion: """
            The rows are marked as deleted: no data file is touched, and older versions still have them. Ids that no row \
            has are passed over. An id that begins with '-' goes after '--': vectord delete TABLE -- -1
            """)

    @OptionGroup var table: TableArgument

    @Argument(help: "The doc_ids of the rows.")
    var docIDs: [String] = []

    @Option(
        help: ArgumentHelp(
            "A file of doc_ids, one a line, blank lines apart; - reads standard input.", valueName: "file|-"),
        completion: .file())
    var ids: String?

    @Option(help: ArgumentHelp("Delete all rows of this source.", valueName: "source"))
    var source: String?

    @OptionGroup var write: WriteOptions
    @OptionGroup var columns: ColumnOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard [!docIDs.isEmpty, ids != nil, source != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("delete needs doc_ids, or --ids, or --source")
        }
    }

    func run() async throws {
        var options = write.options
        options.columns = columns.columns
        let store = try table.store(options)
        let stats =
            if let source {
                try await store.delete(where: .source(source))
            } else {
                try await store.delete(docIDs: docIDs + lines())
            }
        guard !output.json else {
            var object = JSONObject()
            object.add("rows_deleted", stats.rowsDeleted)
            object.add("duration_secs", stats.durationSeconds)
            return try object.print()
        }
        try StandardOutput.write(
            "\(Readable.plural(stats.rowsDeleted, "row")) deleted in \(Readable.seconds(stats.durationSeconds))\n")
    }

    private func lines() throws -> [String] {
        guard let ids else { return [] }
        let reader = LineReader(try InputFile(ids))
        var found: [String] = []
        while let line = try reader.next({ String(validating: $0, as: UTF8.self) }) {
            guard var line else {
                throw StoreError(
                    code: .invalidArgument, message: "line \(reader.number) is not valid UTF-8", path: reader.file.name)
            }
            if line.utf8.last == UInt8(ascii: "\r") { line = String(line.dropLast()) }
            if !line.isEmpty { found.append(line) }
        }
        return found
    }
}
