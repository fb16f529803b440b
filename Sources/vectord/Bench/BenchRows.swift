// SPDX-License-Identifier: Apache-2.0
import Columnar
import Foundation
import LanceFile
import LanceTable
import LanceVectorStore

/// Rows as a caller has them.
struct BenchRows {
    var sources: [String] = []
    var docIDs: [String] = []
    var chunkIndices: [Int] = []
    var chunkTexts: [String] = []
    var vectors: [Float] = []
    var dimension = 0

    func prefix(_ count: Int) -> BenchRows { self[0..<min(count, docIDs.count)] }

    subscript(range: Range<Int>) -> BenchRows {
        var part = BenchRows()
        part.sources = Array(sources[range])
        part.docIDs = Array(docIDs[range])
        part.chunkIndices = Array(chunkIndices[range])
        part.chunkTexts = Array(chunkTexts[range])
        part.vectors = Array(vectors[range.lowerBound * dimension..<range.upperBound * dimension])
        part.dimension = dimension
        return part
    }

    func append(to store: LanceVectorStore) async throws -> AppendStats {
        try await store.append(
            sources: sources, docIDs: docIDs, chunkIndices: chunkIndices, chunkTexts: chunkTexts, vectors: vectors,
            dims: dimension)
    }

    func upsert(into store: LanceVectorStore) async throws -> UpsertStats {
        try await store.upsert(
            sources: sources, docIDs: docIDs, chunkIndices: chunkIndices, chunkTexts: chunkTexts, vectors: vectors,
            dims: dimension)
    }
}

extension BenchRows {
    /// The first rows of a Parquet file, by way of a table that goes again.
    init(_ parquet: String, limit: Int) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("vectord-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try LanceVectorStore(path: directory.path, options: Options(durability: .relaxed))
        _ = try await store.migrate(parquet: parquet)
        self = try await reporting(parquet) { try await BenchRows(store, limit: limit) }
    }

    /// The first rows of a table.
    init(_ store: LanceVectorStore, limit: Int) async throws {
        let snapshot = try await store.table.latest()
        let names = Options.Columns()
        let fields = try [names.source, names.id, names.chunkIndex, names.text, names.vector]
            .map { try snapshot.field($0) }
        var scan = TableScan(snapshot, fields: fields, limit: limit)
        while let batch = try await scan.next()?.batch {
            for row in 0..<batch.count {
                sources.append(try Self.text(batch.columns[0], row))
                docIDs.append(try Self.text(batch.columns[1], row))
                if case .int(let value) = try batch.columns[2].value(row) {
                    chunkIndices.append(Int(value))
                } else {
                    chunkIndices.append(0)
                }
                chunkTexts.append(try Self.text(batch.columns[3], row))
            }
            guard case .fixedSizeList(let items, let length) = batch.columns[4].storage else { continue }
            dimension = length
            items.withValueBytes { bytes in
                vectors.append(
                    contentsOf: (0..<items.count).lazy.map {
                        bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)
                    })
            }
        }
    }

    private static func text(_ column: Column, _ row: Int) throws -> String {
        if case .string(let text) = try column.value(row) { return text }
        return ""
    }
}
