// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
import LanceFile
import LanceTable
import ObjectStorage

extension LanceVectorStore {
    /// Adds rows of one source in one commit; makes the table where there is none.
    ///
    /// Rows go into a new fragment; no existing file is rewritten. Other columns of the table become null. A table that has
    /// no column `source` or `chunk_idx` does not keep these.
    ///
    /// - Parameters:
    ///   - source: what the chunks were cut from.
    ///   - docIDs: an id for each row.
    ///   - chunkIndices: the chunk's number in its source for each row, within the range of the table's column.
    ///   - chunkTexts: a text for each row.
    ///   - vectors: an embedding for each row, all of the table's length.
    /// - Throws: `invalid_argument` for arrays of unequal lengths or a vector of another length (with its row),
    ///   `schema_mismatch` where the table has other columns that allow no nulls. The table is then as it was.
    public func append(
        source: String, docIDs: [String], chunkIndices: [Int], chunkTexts: [String], vectors: [[Float]]
    ) async throws(StoreError) -> AppendStats {
        try await longDoor {
            try await append(
                GivenRows(
                    source: source, docIDs: docIDs, chunkIndices: chunkIndices, chunkTexts: chunkTexts, vectors: vectors
                ))
        }
    }

    /// Adds rows with a source each, and the vectors in one flat array; otherwise the same.
    ///
    /// - Parameters:
    ///   - sources: what each chunk was cut from.
    ///   - docIDs: an id for each row.
    ///   - chunkIndices: the chunk's number in its source for each row.
    ///   - chunkTexts: a text for each row.
    ///   - vectors: `dims` numbers a row, one row after another.
    ///   - dims: numbers a vector.
    public func append(
        sources: [String], docIDs: [String], chunkIndices: [Int], chunkTexts: [String], vectors: [Float], dims: Int
    ) async throws(StoreError) -> AppendStats {
        try await longDoor {
            try await append(
                GivenRows(
                    sources: sources, docIDs: docIDs, chunkIndices: chunkIndices, chunkTexts: chunkTexts,
                    vectors: vectors, dims: dims))
        }
    }

    /// Adds the rows of a Parquet file in one commit; the columns are as for migration.
    ///
    /// The file need not have the columns `source` and `chunk_idx` where the table has none of that name.
    ///
    /// - Throws: what migration throws, and `schema_mismatch` for a column that the table does not have.
    public func append(parquet path: String) async throws(StoreError) -> AppendStats {
        try await longDoor {
            let snapshot = try await table.latestIfAny()
            var rows = try parquetRows(path, for: snapshot)
            return try await append(rows.schema, to: snapshot) { try rows.next() }
        }
    }

    /// Adds batches of any of the table's columns in one commit, whoever makes them.
    package func append(
        _ schema: Schema, batches next: () async throws -> Batch?
    ) async throws(StoreError) -> AppendStats {
        try await longDoor { try await append(schema, to: table.latestIfAny(), next) }
    }

    /// What a table of somebody else's may lack: where the text comes from.
    private func absentColumns(_ snapshot: Snapshot) -> Set<String> {
        let usual = Options.Columns()
        return Set(
            [\Options.Columns.source, \Options.Columns.chunkIndex].compactMap { role in
                let name = options.columns[keyPath: role]
                return name == usual[keyPath: role] && snapshot.schema[name] == nil ? name : nil
            })
    }

    /// The table's own integer type of chunk numbers; nil where it has none.
    private func chunkIndexType(_ snapshot: Snapshot) -> DataType? {
        snapshot.schema[options.columns.chunkIndex].flatMap { $0.type.isInteger ? $0.type : nil }
    }

    /// The rows of a Parquet file that are to be added to a table, or to make one.
    func parquetRows(_ path: String, for snapshot: Snapshot?) throws -> ParquetRows {
        var dimension: Int?
        if let snapshot, case .fixedSizeList(_, let length) = try vectorField(snapshot).type { dimension = length }
        return try ParquetRows(
            FileSource(path: path), options.columns, dimension: dimension,
            chunkIndexType: snapshot.flatMap { chunkIndexType($0) } ?? .int32,
            leavingOut: snapshot.map { absentColumns($0) } ?? [])
    }

    /// Given rows as a batch of the columns that the table has for them; nil where there are none.
    func batch(of rows: GivenRows, for snapshot: Snapshot?) throws -> Batch? {
        try rows.checkLengths()
        guard rows.count > 0 else { return nil }
        try VectordFormat.check(dimension: rows.dimension)
        var schema = VectordFormat.schema(options.columns, dimension: rows.dimension)
        if let snapshot {
            // The table's own integer type for the chunk number.
            if let type = chunkIndexType(snapshot), let index = schema.index(of: options.columns.chunkIndex) {
                schema.fields[index].type = type
            }
            let absent = absentColumns(snapshot)
            schema.fields.removeAll { absent.contains($0.name) }
        }
        return try rows.batch(schema, options.columns)
    }

    private func append(_ rows: GivenRows) async throws -> AppendStats {
        let snapshot = try await table.latestIfAny()
        var batch = try batch(of: rows, for: snapshot)
        guard let schema = batch?.schema else {
            return AppendStats(rowsAppended: 0, diskBytesAdded: 0, durationSeconds: 0)
        }
        return try await append(schema, to: snapshot) {
            defer { batch = nil }
            return batch
        }
    }

    private func append(
        _ schema: Schema, to snapshot: Snapshot?, _ next: () async throws -> Batch?
    ) async throws -> AppendStats {
        let clock = ContinuousClock()
        let start = clock.now
        let appender = try await appender(of: schema, to: snapshot)
        let bytes: Int
        do {
            while let batch = try await next() {
                try Task.checkCancellation()
                try await appender.append(batch)
            }
            bytes = appender.rowCount == 0 ? 0 : try await appender.commit()
        } catch {
            if (error as? Failure)?.code != .commitUnknown { await appender.discard() }
            throw error
        }
        return AppendStats(
            rowsAppended: appender.rowCount, diskBytesAdded: bytes, durationSeconds: (clock.now - start).seconds)
    }

    /// What writes rows of `schema`; refuses columns that the table does not have, and places that are none for a table.
    func appender(of schema: Schema, to snapshot: Snapshot?) async throws -> RowAppender {
        try table.checkWritable(snapshot)
        if let snapshot { try checkNames(snapshot) } else { try await table.checkPlace() }
        return try RowAppender(
            table, base: snapshot, given: schema, newTableVersion: options.newTableVersion,
            durability: options.storageDurability)
    }
}
