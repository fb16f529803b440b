// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Columnar
import LanceFile
import LanceTable
import LanceVectorStore

struct Scan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print rows as lines of JSON, in the order of the table.",
        discussion: """
            An object a row, its members in the order of the table's columns. Numbers are exact: integers whole, floats \
            with the digits that give the same float back; "NaN", "Infinity" and "-Infinity" are strings. Vectors and \
            lists are arrays. Binary, decimals and fixed-size binary are base64 of the bytes. Dates are "YYYY-MM-DD"; \
            timestamps are ISO 8601 text with all digits of the column's unit, with Z where the column has a time zone \
            (the instant in UTC) and nothing where it has none. Times of day and durations are integers in the column's \
            unit. 'vectord append --ndjson' reads what is printed.
            """)

    @OptionGroup var table: TableArgument

    @Option(help: ArgumentHelp("Only these columns. (default: all)", valueName: "a,b"))
    var columns: String?

    @Option(help: ArgumentHelp("At most so many rows. (default: all)", valueName: "n"))
    var limit: Int?

    @OptionGroup var version: VersionOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit must not be negative, got \(limit)") }
        if let names, names.contains("") { throw ValidationError("--columns needs names with commas between them") }
    }

    private var names: [String]? {
        columns?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    func run() async throws {
        let store = try table.store(Options(version: version.at?.version))
        let isShown = !StandardOutput.isTerminal
        try await reporting(table.table) {
            let (snapshot, fields) = try await store.reading { snapshot in
                var fields = snapshot.schema.fields
                if let names {
                    let wanted = Set(try names.map { try snapshot.field($0) })
                    fields = fields.filter { wanted.contains($0) }
                }
                try await snapshot.open(fields)
                return (snapshot, fields)
            }
            let rows = min(try await snapshot.liveRows(), limit ?? Int.max)
            var scan = TableScan(snapshot, fields: fields, limit: limit)
            try await Progress.with("scanning", isShown: isShown) { progress in
                var done = 0
                var text: RowText?
                while let batch = try await scan.next()?.batch {
                    let printer = text ?? RowText(batch.schema)
                    text = printer
                    try printer.print(batch)
                    done += batch.count
                    progress.update(Double(done) / Double(max(rows, 1)))
                }
            }
        }
    }
}
