// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LanceVectorStore

/// One operation, measured, in a process of its own; a driver compares it with other stores.
struct Bench: AsyncParsableCommand {
    enum Operation: String, ExpressibleByArgument, CaseIterable {
        case info, migrate, index, btree, count, get, append, search, reopen, scan, take, upsert, delete, optimize,
            compact, cleanup, fragments, versions
        case searchFirst = "search-first"
    }

    static let configuration = CommandConfiguration(
        abstract: "Measure one operation and print lines of JSON.",
        discussion: """
            Settings of s3:// tables come from the environment. Seconds are wall time, cpu_s the processor time of all threads. Parameters are a JSON object: ids_txt (a file \
            of doc_ids, one a line), index (a label), n (how many), append (a Parquet file), nprobes and refine (lists), \
            ids (where result files go), partitions, sub and bits (of an index), columns (a list).
            """)

    @Argument(help: "What to measure.")
    var operation: Operation

    @Option(help: "The Parquet file that makes the table.", completion: .file())
    var parquet: String?

    @Option(help: "The table's place.", completion: .directory)
    var dataset: String?

    @Option(help: "A .npy or .json file of queries.", completion: .file())
    var queries: String?

    @Option(help: "Further parameters as JSON.")
    var params = "{}"

    func run() async throws {
        let parameters = try BenchParameters(json: params)
        switch operation {
        case .info:
            var line = BenchLine("info")
            line.object.add("peer", "swift-lance")
            line.object.add("version", Vectord.version)
            try line.print()
        case .migrate: try await BenchWrites.migrate(need(parquet, "--parquet"), to: need(dataset, "--dataset"))
        case .index: try await BenchIndices.vectors(need(dataset, "--dataset"), parameters)
        case .btree: try await BenchIndices.btree(need(dataset, "--dataset"))
        case .append:
            try await BenchWrites.append(
                need(parameters.append, "the parameter 'append'"), to: need(dataset, "--dataset"))
        case .count: try await BenchReads.count(need(dataset, "--dataset"))
        case .get: try await BenchReads.get(need(dataset, "--dataset"), parameters)
        case .search:
            try await BenchSearches.search(need(dataset, "--dataset"), need(queries, "--queries"), parameters)
        case .searchFirst:
            try await BenchSearches.first(need(dataset, "--dataset"), need(queries, "--queries"), parameters)
        case .scan: try await BenchScans.scan(need(dataset, "--dataset"), parameters)
        case .take: try await BenchScans.take(need(dataset, "--dataset"), parameters)
        case .upsert: try await BenchChanges.upsert(need(dataset, "--dataset"), parameters)
        case .delete: try await BenchChanges.delete(need(dataset, "--dataset"), parameters)
        case .optimize: try await BenchChanges.optimize(need(dataset, "--dataset"))
        case .compact: try await BenchChanges.compact(need(dataset, "--dataset"))
        case .cleanup: try await BenchChanges.cleanup(need(dataset, "--dataset"))
        case .fragments:
            try await BenchChanges.fragments(need(parquet, "--parquet"), need(dataset, "--dataset"), parameters)
        case .versions: try await BenchChanges.versions(need(dataset, "--dataset"), parameters)
        case .reopen: try await BenchSearches.reopen(need(dataset, "--dataset"), need(queries, "--queries"))
        }
    }

    private func need(_ value: String?, _ name: String) throws -> String {
        guard let value else {
            throw StoreError(code: .invalidArgument, message: "bench \(operation.rawValue) needs \(name)")
        }
        return value
    }
}
