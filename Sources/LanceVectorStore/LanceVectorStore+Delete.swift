// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceTable
import VectorSearch

extension LanceVectorStore {
    /// Deletes all rows that have one of the ids, in one commit.
    ///
    /// No data file is touched: the rows are marked as deleted, searches and fetches pass over them from the next call on,
    /// and older versions still have them. Ids that no row has are passed over; where none has, nothing is committed. With
    /// an index of the column (``buildScalarIndex(column:)``) only the rows concerned are looked at.
    ///
    /// Where somebody else changes the same rows meanwhile, the rows are looked for again.
    ///
    /// - Throws: `not_found` where there is no table; `conflict` after many such changes in a row.
    public func delete(docIDs: [String]) async throws(StoreError) -> DeleteStats {
        try await delete(where: .column(options.columns.id, in: docIDs))
    }

    /// Deletes all rows that a predicate names, in one commit; otherwise the same.
    ///
    /// - Throws: also `schema_mismatch` where the table has no such column, or one that holds no text.
    public func delete(where predicate: RowPredicate) async throws(StoreError) -> DeleteStats {
        try await longDoor {
            let start = ContinuousClock.now
            let rows = try await repeating { try await delete(predicate, from: $0) }
            return DeleteStats(rowsDeleted: rows, durationSeconds: (ContinuousClock.now - start).seconds)
        }
    }

    private func delete(_ predicate: RowPredicate, from snapshot: Snapshot) async throws -> Int {
        try table.checkWritable(snapshot)
        try checkNames(snapshot)
        let (name, values) = column(of: predicate)
        let field = try textField(name, snapshot)
        let keys = KeySet(values)
        let found =
            name == options.columns.id
            ? try await self.keys.rows(of: keys, in: snapshot, field)
            : try await KeyLookup.rows(of: keys, among: snapshot.fragmentReaders, field)
        guard !found.isEmpty else {
            // Whoever removed them may not have made that durable.
            try await table.settle(snapshot)
            return 0
        }
        let writer = DeletionWriter(snapshot, options.storageDurability)
        do {
            let deletion = try await writer.delete(
                found.map(\.address), predicate: SQLText.predicate(name, isOneOf: values))
            _ = try await table.commit(.delete(deletion), basedOn: snapshot)
            return deletion.rowCount
        } catch {
            // After an unknown outcome the manifest may name the files.
            if (error as? Failure)?.code != .commitUnknown { await writer.discard() }
            throw error
        }
    }

    private func column(of predicate: RowPredicate) -> (name: String, values: [String]) {
        switch predicate.rule {
        case .source(let source): (options.columns.source, [source])
        case .column(let name, let values): (name, values)
        }
    }

    // MARK: Repeating

    private static let attempts = 30

    /// Does `body` on the newest version, and again on a newer one where somebody else was faster: at once the first time,
    /// then after a random time that grows.
    func repeating<T>(_ body: (Snapshot) async throws -> T) async throws -> T {
        var attempt = 0
        while true {
            let snapshot = try await table.latest()
            do {
                return try await body(snapshot)
            } catch let failure as Failure where attempt < Self.attempts {
                switch failure.code {
                case .conflict: break
                // What an old version needs may be removed once there is a newer one.
                case .notFound: guard try await !table.latest().isSameCommit(as: snapshot) else { throw failure }
                default: throw failure
                }
                if attempt > 0 { try await Table.backOff(attempt) }
                attempt += 1
            }
        }
    }
}
