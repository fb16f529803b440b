// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LanceFile
import LanceTable
import LanceVectorStore
import ObjectStorage

struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look into any Lance table or file.",
        discussion: """
            For a table: its versions, and for the newest one the columns, fragments, files and indices. For a file: what \
            it is made of. A file may be a data or index file, a .manifest or a .txn. Also shows tables and files that \
            use features which vectord does not read.
            """)

    @Argument(help: "A table's directory or s3://bucket/path, or a local file of one.", completion: .file())
    var path: String

    @OptionGroup var storage: StorageOptions

    @Option(help: ArgumentHelp("How many versions to list, newest first.", valueName: "n"))
    var versions = 5

    @Flag(help: "List all versions.")
    var all = false

    @Option(help: ArgumentHelp("The version to show in detail. (default: the newest)", valueName: "n"))
    var version: UInt64?

    @Flag(help: "Show the pages of every data file, with their encodings.")
    var pages = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard versions >= 0 else { throw ValidationError("--versions must not be negative, got \(versions)") }
    }

    func run() async throws {
        let store = try LanceVectorStore(path: path, options: storage.added(to: Options()))
        try await reporting(path) {
            guard case .local(let local) = try StorageLocation(parsing: path) else { return try await showTable(store) }
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: local, isDirectory: &isDirectory) else {
                throw StoreError(code: .notFound, message: "there is no such table or file", path: path)
            }
            guard !isDirectory.boolValue else { return try await showTable(store) }
            if local.hasSuffix(".manifest") {
                let manifest = try await ManifestInspection.file(at: local)
                try show(manifest) { InspectionText.lines(manifest) }
            } else if local.hasSuffix(".txn") {
                let transaction = try await TransactionInspection.file(at: local)
                try show(transaction) { InspectionText.lines(transaction) }
            } else {
                let file = try await FileInspection.file(at: local)
                try show(file) { InspectionText.lines(file) }
            }
        }
    }

    private func showTable(_ store: LanceVectorStore) async throws {
        let report = await TableReport(
            try await TableInspection(store.table, limit: all ? nil : versions, version: version, pages: pages),
            in: store.table.storage)
        try show(report) { InspectionText.lines(report) }
    }

    private func show(_ inspection: some Encodable, _ lines: () -> [String]) throws {
        guard output.json else {
            for line in lines() { try StandardOutput.write(Readable.line(line) + "\n") }
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        try StandardOutput.write([UInt8](try encoder.encode(inspection)) + [UInt8(ascii: "\n")])
    }
}
