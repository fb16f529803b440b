// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceTable
import ObjectStorage

extension LanceVectorStore {
    /// Makes the table from a Parquet file, or replaces the table by it.
    ///
    /// The file has the columns `source` (string), `doc_id` (string), `chunk_idx` (int32), `chunk_text` (string) and
    /// `vector`: raw little-endian 32-bit floats (binary), or a list of them. Further columns of type bool, integer,
    /// float, string, binary, date or timestamp are kept. Every vector has the same length; a null one becomes zeros.
    ///
    /// An existing table is replaced by one commit: until then readers see the old one, and after a crash the old or
    /// the new one is there. Files that only the replaced versions used are removed afterwards.
    ///
    /// - Parameters:
    ///   - path: the Parquet file.
    ///   - dims: numbers a vector; nil takes it from the first vector that is not null.
    ///   - progress: called with the part that is done, from 0 to 1.
    /// - Throws: `schema_mismatch` for a missing column or one of another type, `invalid_argument` for a row whose
    ///   vector has another length (with its number) or a path that holds something else than a Lance table,
    ///   `corrupt` for a damaged Parquet file. The table is then as it was.
    public func migrate(
        parquet path: String, dims: Int? = nil, progress: (@Sendable (Double) -> Void)? = nil
    ) async throws(StoreError) -> MigrationStats {
        try await longDoor { try await migrate(FileSource(path: path), dims, progress) }
    }

    /// The same from the bytes of a Parquet file.
    public func migrate(
        parquet bytes: [UInt8], dims: Int? = nil, progress: (@Sendable (Double) -> Void)? = nil
    ) async throws(StoreError) -> MigrationStats {
        try await longDoor { try await migrate(Region(copying: bytes, name: "Parquet bytes"), dims, progress) }
    }

    private func migrate(
        _ source: any ByteSource, _ dims: Int?, _ progress: (@Sendable (Double) -> Void)?
    ) async throws -> MigrationStats {
        let clock = ContinuousClock()
        let start = clock.now
        try table.checkNewest()
        let existing = try await table.latestIfAny()
        if existing == nil { try await table.checkPlace() }
        var rows = try ParquetRows(source, options.columns, dimension: dims)
        let fields = try TableSchema.protos(for: rows.schema)
        let writer = try FragmentWriter(
            storage, fields: fields, version: options.newTableVersion, durability: options.storageDurability)
        var bytesWritten = 0
        do {
            while let batch = try rows.next() {
                try Task.checkCancellation()
                try await writer.append(batch)
                progress?(Double(rows.rowsRead) / Double(max(rows.rowCount, 1)))
            }
            let fragments = try await writer.finish()
            let commit = try await table.commit(
                .overwrite(fields: fields, fragments: fragments, version: options.newTableVersion), basedOn: existing)
            bytesWritten = fragments.dataBytes + commit.bytesWritten
            if existing != nil { await table.removeReplaced(before: commit.snapshot) }
        } catch {
            if (error as? Failure)?.code != .commitUnknown { await writer.discard() }
            throw error
        }
        return MigrationStats(
            rowsWritten: rows.rowsRead, dimensions: rows.dimension,
            diskBytes: await table.diskBytes(orAtLeast: bytesWritten),
            durationSeconds: (clock.now - start).seconds, nullVectors: rows.nullVectors)
    }
}

extension Duration {
    /// The duration as a number.
    /// Not by the components, which trap where seconds do not fit into 64 bits.
    var seconds: Double { self / .seconds(1) }
}
