// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
package import LanceFile
package import LanceTable
package import ObjectStorage

/// Builds BTREE index segments.
package enum BTreeBuilder {
    /// As the official writers cut.
    static let rowsPerPage = 4096
    /// Bytes written at a time.
    private static let bytesPerWrite = 4 << 20

    /// Writes a segment over the live rows of some of a snapshot's fragments, which no manifest names yet.
    ///
    /// - Parameters:
    ///   - fragments: nil for all of them.
    ///   - byAddress: rows are called by their addresses, also where they have ids.
    ///
    /// Takes memory for the column's values, and about 60 bytes a row beside them. Where it throws, as it does when the
    /// task is cancelled, it has removed what it wrote.
    package static func build(
        name: String, over snapshot: Snapshot, _ fragments: [FragmentReader]? = nil, field: TableField,
        byAddress: Bool = false, durability: WriteDurability
    ) async throws -> IndexSegment {
        let fragments = fragments ?? snapshot.fragmentReaders
        let values = try await gather(snapshot, fragments, field, byAddress)
        let directory = IndexDirectory(UUID())
        do {
            let files = try await write(values.sorted(), to: directory, in: snapshot.storage, durability)
            var segment = IndexSegment(
                uuid: directory.uuid, name: name, fieldIDs: [field.id], datasetVersion: snapshot.version,
                coveredFragments: RoaringBitmap(fragments.map(\.id)), details: .btree, files: files)
            segment.holdsAddresses = byAddress && snapshot.hasStableRowIDs
            return segment
        } catch {
            await directory.discard([BTreeIndex.dataFile, BTreeIndex.lookupFile], in: snapshot.storage)
            throw error
        }
    }

    private static func gather(
        _ snapshot: Snapshot, _ fragments: [FragmentReader], _ field: TableField, _ byAddress: Bool
    ) async throws -> BTreeValues {
        var values = try BTreeValues(field.type)
        var rows = 0
        for reader in fragments { rows += try await reader.liveRows() }
        values.reserve(rows)
        for reader in fragments {
            let rows = try await reader.physicalRows()
            let deletions = try await reader.deletions()
            let ids = try await snapshot.rowIDs(of: reader, byAddress: byAddress)
            func append(_ part: Column, _ range: Range<Int>) throws {
                for run in ids.runs(in: range) {
                    let rows = run.offset..<run.offset + run.count
                    try values.append(
                        part.slice(rows.lowerBound - range.lowerBound..<rows.upperBound - range.lowerBound),
                        firstID: run.firstID, deleted: deletions?.slice(rows) ?? [], firstOffset: UInt32(run.offset))
                }
            }
            guard let column = try await reader.column(field) else {
                try append(Column.nulls(field.type, count: rows), 0..<rows)
                continue
            }
            var batches = ColumnBatches(column, rows: rows)
            while let (range, part) = try await batches.next() { try append(part, range) }
        }
        return values
    }

    // MARK: Writing

    /// The two files side by side: most of the time goes by in waiting for the device.
    private static func write(
        _ values: SortedBTreeValues, to directory: IndexDirectory, in storage: any ObjectStorage,
        _ durability: WriteDurability
    ) async throws -> [IndexSegment.File] {
        async let dataSize = writeData(values, directory, storage, durability)
        async let lookupSize = writeLookup(values, directory, storage, durability)
        return [
            IndexSegment.File(BTreeIndex.dataFile, size: try await dataSize),
            IndexSegment.File(BTreeIndex.lookupFile, size: try await lookupSize),
        ]
    }

    private static func writeData(
        _ values: SortedBTreeValues, _ directory: IndexDirectory, _ storage: any ObjectStorage,
        _ durability: WriteDurability
    ) async throws -> UInt64 {
        let schema = Schema([Field("values", values.type), Field("ids", .uint64, nullable: false)])
        let writer = try await DataFileWriter(
            directory.key(BTreeIndex.dataFile), in: storage, fields: TableSchema.protos(for: schema), schema: schema,
            durability: durability)
        var row = 0
        while row < values.count {
            try Task.checkCancellation()
            let rows = row..<row + values.rows(from: row, fitting: bytesPerWrite)
            try await writer.append(Batch(schema, [values.column(rows), values.rowIDs(rows)]))
            row = rows.upperBound
        }
        return try await writer.finish()
    }

    private static func writeLookup(
        _ values: SortedBTreeValues, _ directory: IndexDirectory, _ storage: any ObjectStorage,
        _ durability: WriteDurability
    ) async throws -> UInt64 {
        let schema = Schema([
            Field("min", values.type), Field("max", values.type), Field("null_count", .uint32, nullable: false),
            Field("page_idx", .uint32, nullable: false),
        ])
        let writer = try await DataFileWriter(
            directory.key(BTreeIndex.lookupFile), in: storage, fields: TableSchema.protos(for: schema), schema: schema,
            metadata: ["batch_size": Data("\(rowsPerPage)".utf8), "range_partitioned": Data("false".utf8)],
            durability: durability)
        var mins = ColumnBuilder(values.type)
        var maxes = ColumnBuilder(values.type)
        var nulls = ColumnBuilder(.uint32)
        var numbers = ColumnBuilder(.uint32)
        for (number, first) in stride(from: 0, to: values.count, by: rowsPerPage).enumerated() {
            let end = min(first + rowsPerPage, values.count)
            try mins.append(values.column(first..<first + 1))
            try maxes.append(values.column(end - 1..<end))
            nulls.append(fixed: UInt32(min(max(values.nullCount - first, 0), end - first)))
            numbers.append(fixed: UInt32(number))
        }
        try await writer.append(Batch(schema, [mins.finish(), maxes.finish(), nulls.finish(), numbers.finish()]))
        return try await writer.finish()
    }
}
