// SPDX-License-Identifier: Apache-2.0
import Columnar
import Foundation
import LanceFile
import LanceTable
import LanceVectorStore

enum BenchWrites {
    static func migrate(_ parquet: String, to dataset: String) async throws {
        let store = try LanceVectorStore(path: dataset)
        let (stats, usage) = try await Usage.measure { try await store.migrate(parquet: parquet) }
        var line = BenchLine("migrate")
        line.add(usage)
        line.object.add("rows", stats.rowsWritten)
        line.addMemory()
        line.object.add("disk", stats.diskBytes)
        try line.print()
    }

    /// Rows as a caller has them.
    private struct Rows {
        var sources: [String] = []
        var docIDs: [String] = []
        var chunkIndices: [Int] = []
        var chunkTexts: [String] = []
        var vectors: [Float] = []
        var dimension = 0

        func prefix(_ count: Int) -> Rows {
            Rows(
                sources: Array(sources.prefix(count)), docIDs: Array(docIDs.prefix(count)),
                chunkIndices: Array(chunkIndices.prefix(count)), chunkTexts: Array(chunkTexts.prefix(count)),
                vectors: Array(vectors.prefix(count * dimension)), dimension: dimension)
        }
    }

    static func append(_ parquet: String, to dataset: String) async throws {
        let most = 10_000
        let rows = try await read(parquet, limit: most)
        for isDurable in [true, false] {
            let store = try LanceVectorStore(path: dataset, options: Options(durability: isDurable ? .full : .relaxed))
            _ = try await store.count()
            for (count, repetitions) in [(1, 7), (100, 7), (1000, 5), (most, 3)] where count <= rows.docIDs.count {
                let part = rows.prefix(count)
                var usages: [Usage] = []
                for _ in 0..<repetitions {
                    usages.append(
                        try await Usage.measure {
                            _ = try await store.append(
                                sources: part.sources, docIDs: part.docIDs, chunkIndices: part.chunkIndices,
                                chunkTexts: part.chunkTexts, vectors: part.vectors, dims: part.dimension)
                        }.usage)
                }
                let seconds = usages.map(\.seconds).sorted()
                var line = BenchLine("append")
                line.object.add("rows", count)
                line.object.add("fsync", isDurable)
                line.object.add("reps", repetitions)
                line.object.add("seconds", BenchLine.percentile(seconds, 0.5))
                line.object.add("min_s", seconds.first ?? 0)
                line.object.add("cpu_s", BenchLine.percentile(usages.map(\.cpuSeconds).sorted(), 0.5))
                line.addMemory()
                try line.print()
            }
        }
    }

    /// The first rows of a Parquet file, by way of a table that goes again.
    private static func read(_ parquet: String, limit: Int) async throws -> Rows {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("vectord-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try LanceVectorStore(path: directory.path, options: Options(durability: .relaxed))
        let stats = try await store.migrate(parquet: parquet)
        return try await reporting(parquet) {
            let snapshot = try await store.table.latest()
            let names = Options.Columns()
            let fields = try [names.source, names.id, names.chunkIndex, names.text, names.vector]
                .map { try snapshot.field($0) }
            var scan = TableScan(snapshot, fields: fields, limit: limit)
            var rows = Rows(dimension: stats.dimensions)
            while let batch = try await scan.next()?.batch {
                for row in 0..<batch.count {
                    rows.sources.append(try text(batch.columns[0], row))
                    rows.docIDs.append(try text(batch.columns[1], row))
                    if case .int(let value) = try batch.columns[2].value(row) {
                        rows.chunkIndices.append(Int(value))
                    } else {
                        rows.chunkIndices.append(0)
                    }
                    rows.chunkTexts.append(try text(batch.columns[3], row))
                }
                guard case .fixedSizeList(let items, _) = batch.columns[4].storage else { continue }
                items.withValueBytes { bytes in
                    rows.vectors.append(
                        contentsOf: (0..<items.count).lazy.map {
                            bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)
                        })
                }
            }
            return rows
        }
    }

    private static func text(_ column: Column, _ row: Int) throws -> String {
        if case .string(let text) = try column.value(row) { return text }
        return ""
    }
}
