// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
import LanceFile
import LanceProto
import LanceTable
import VectorSearch

extension LanceVectorStore {
    /// Adds rows of one source, each in place of all rows that have its id, in one commit; makes the table where there is
    /// none.
    ///
    /// Readers see the old rows or the new ones, never both and never neither. A replaced row goes with all its columns:
    /// those that are not given become null. Where somebody else commits rows meanwhile, the rows to be replaced are looked
    /// for again, so that two concurrent upserts of one id leave one row. (A writer of another kind that began before may
    /// still add a second one: the official library does not look again.)
    ///
    /// With an index of the id column (``buildScalarIndex(column:)``) only the rows concerned are looked at.
    ///
    /// - Parameters: as for ``append(source:docIDs:chunkIndices:chunkTexts:vectors:)``; no id may be given twice.
    /// - Throws: what append throws; `invalid_argument` for an id that is given twice, with both rows; `conflict` after many
    ///   commits of others in a row. The table is then as it was.
    public func upsert(
        source: String, docIDs: [String], chunkIndices: [Int], chunkTexts: [String], vectors: [[Float]]
    ) async throws(StoreError) -> UpsertStats {
        try await longDoor {
            try await upsert(
                GivenRows(
                    source: source, docIDs: docIDs, chunkIndices: chunkIndices, chunkTexts: chunkTexts, vectors: vectors
                ))
        }
    }

    /// The same for rows with a source each, and the vectors in one flat array of `dims` numbers a row.
    public func upsert(
        sources: [String], docIDs: [String], chunkIndices: [Int], chunkTexts: [String], vectors: [Float], dims: Int
    ) async throws(StoreError) -> UpsertStats {
        try await longDoor {
            try await upsert(
                GivenRows(
                    sources: sources, docIDs: docIDs, chunkIndices: chunkIndices, chunkTexts: chunkTexts,
                    vectors: vectors, dims: dims))
        }
    }

    /// The same for the rows of a Parquet file; the columns are as for ``append(parquet:)``.
    ///
    /// - Throws: also `invalid_argument` for a row without an id.
    public func upsert(parquet path: String) async throws(StoreError) -> UpsertStats {
        try await longDoor {
            let snapshot = try await table.latestIfAny()
            var rows = try parquetRows(path, for: snapshot)
            return try await upsert(rows.schema, to: snapshot) { try rows.next() }
        }
    }

    /// The same for batches of any of the table's columns, whoever makes them.
    package func upsert(
        _ schema: Schema, batches next: () async throws -> Batch?
    ) async throws(StoreError) -> UpsertStats {
        try await longDoor { try await upsert(schema, to: table.latestIfAny(), next) }
    }

    private func upsert(_ rows: GivenRows) async throws -> UpsertStats {
        let snapshot = try await table.latestIfAny()
        var batch = try batch(of: rows, for: snapshot)
        guard let schema = batch?.schema else {
            return UpsertStats(rowsInserted: 0, rowsUpdated: 0, diskBytesAdded: 0, durationSeconds: 0)
        }
        return try await upsert(schema, to: snapshot) {
            defer { batch = nil }
            return batch
        }
    }

    private func upsert(_ schema: Schema, to snapshot: Snapshot?, _ next: () async throws -> Batch?) async throws
        -> UpsertStats
    {
        let start = ContinuousClock.now
        guard let id = schema.index(of: options.columns.id) else {
            throw Failure(.schemaMismatch, "an upsert needs the column '\(options.columns.id)', and it was not given")
        }
        try table.checkWritable(snapshot)
        if let snapshot { _ = try textField(options.columns.id, snapshot) }
        let appender = try await appender(of: schema, to: snapshot)
        do {
            var keys = KeySet()
            while let batch = try await next() {
                try Task.checkCancellation()
                try Self.collect(batch.columns[id], after: appender.rowCount, into: &keys)
                try await appender.append(batch)
            }
            guard appender.rowCount > 0 else {
                return UpsertStats(rowsInserted: 0, rowsUpdated: 0, diskBytesAdded: 0, durationSeconds: 0)
            }
            let (updated, bytes) = try await commit(appender, keys, madeAnew: snapshot == nil)
            return UpsertStats(
                rowsInserted: keys.count - updated, rowsUpdated: updated, diskBytesAdded: bytes,
                durationSeconds: (ContinuousClock.now - start).seconds)
        } catch {
            // After an unknown outcome the files may be named by a version.
            if (error as? Failure)?.code != .commitUnknown { await appender.discard() }
            throw error
        }
    }

    /// Row i of all has key i: none is given twice, and each has one.
    private static func collect(_ ids: Column, after first: Int, into keys: inout KeySet) throws {
        if let row = (0..<ids.count).first(where: { ids.isNull($0) }) {
            throw Failure(.invalidArgument, "row \(first + row) has no id; an upsert needs one for each row")
        }
        try KeySet.forEachText(in: ids) { row, text in
            let (number, isNew) = keys.insert(text)
            guard isNew else {
                throw Failure(
                    .invalidArgument,
                    "rows \(number) and \(first + row) both have the id '\(String(decoding: text, as: UTF8.self))'; "
                        + "give each id once")
            }
        }
    }

    /// Returns how many keys were there before, and the bytes that were added.
    private func commit(_ appender: RowAppender, _ keys: KeySet, madeAnew: Bool) async throws -> (Int, Int) {
        let fragments = try await appender.finish()
        if madeAnew {
            do {
                return (0, fragments.dataBytes + (try await appender.create(fragments)).bytesWritten)
            } catch let failure as Failure where failure.code == .conflict {
                // Somebody else made the table meanwhile. If it has the very same columns, these rows belong to it.
                guard try await appender.fits(table.latest()) else { throw failure }
            }
        }
        return try await repeating { newest in
            guard try appender.fits(newest) else {
                throw Failure(
                    .incompatible, "the table was given other columns meanwhile; nothing was changed", path: path)
            }
            let found = try await self.keys.rows(of: keys, in: newest, textField(options.columns.id, newest))
            var replaced = [RowAddress?](repeating: nil, count: keys.count)
            for row in found { replaced[row.number] = row.address }
            let writer = DeletionWriter(newest, options.storageDurability)
            do {
                let deletion = try await writer.delete(found.map(\.address), predicate: "")
                let commit = try await table.commit(
                    .update(deletion, adding: fragments, replaced: replaced), basedOn: newest)
                return (
                    replaced.count { $0 != nil }, fragments.dataBytes + writer.bytesWritten + commit.bytesWritten
                )
            } catch {
                if (error as? Failure)?.code != .commitUnknown { await writer.discard() }
                throw error
            }
        }
    }
}
