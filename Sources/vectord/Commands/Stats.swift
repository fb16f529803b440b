// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LanceTable
import LanceVectorStore

struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what a table holds.",
        discussion: "Where there is no table yet, everything is zero.")

    @OptionGroup var table: TableArgument
    @OptionGroup var columns: ColumnOptions
    @OptionGroup var version: VersionOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try table.store(Options(columns: columns.columns, version: version.at?.version))
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
        let table = try await reporting(table.table) { () -> TableReport? in
            guard try await store.table.latestIfAny() != nil else { return nil }
            return await TableReport(
                try await TableInspection(store.table, limit: 0, version: nil, pages: false), in: store.table.storage)
        }
        try StandardOutput.write(
            """
            path          \(stats.path)
            rows          \(stats.rows)
            disk          \(Readable.bytes(stats.diskBytes))
            vector index  \(Self.text(stats.hasVectorIndex, "vector", columns.vectorColumn, table))
            doc_id index  \(Self.text(stats.hasDocIDIndex, "btree", columns.idColumn, table))

            """)
        if table == nil { try StandardOutput.write("there is no Lance table here yet\n") }
    }

    /// `yes` or `no`, and which indices those are.
    private static func text(_ isUsed: Bool, _ kind: String, _ column: String, _ report: TableReport?) -> String {
        let indices =
            report.map { zip($0.table.detail.indices, $0.indices) }?
            .filter { $0.0.columns == [column] && (isUsed ? $0.0.kind == kind && $0.0.isLive : true) } ?? []
        guard isUsed else {
            let names = indices.map { "'\(Readable.line($0.0.name))'" }
            return names.isEmpty ? "no" : "no; searches cannot use \(names.joined(separator: ", "))"
        }
        return "yes: "
            + indices.map { "\(Readable.line($0.0.name)) (\(Readable.line($0.1.summary)))" }.joined(separator: "; ")
    }
}
