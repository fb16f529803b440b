// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceIndex
import LanceTable
import ObjectStorage

extension LanceVectorStore {
    /// Builds a BTREE index over a column of texts or integers, in one commit.
    ///
    /// The index is named `<column>_btree` and replaces an index of that name. It covers the rows that the table has
    /// now, nulls included; rows that are appended later are found all the same, by looking through them. Other tools
    /// that speak Lance use it too.
    ///
    /// Takes memory for the column's values, and about 60 bytes a row beside them.
    ///
    /// - Parameter column: the column's name, `doc_id` for ``row(docID:columns:)``.
    /// - Throws: `not_found` where there is no table, `schema_mismatch` for a column that it does not have,
    ///   `unsupported` for one of another type, `invalid_argument` for a table without rows, `conflict` where somebody
    ///   changed the table meanwhile in a way that the index cannot follow; appends are no such change. The table is
    ///   then as it was.
    public func buildScalarIndex(column: String) async throws(StoreError) -> ScalarIndexStats {
        try await longDoor {
            let clock = ContinuousClock()
            let start = clock.now
            let name = column + "_btree"
            let snapshot = try await table.latest()
            let field = try indexableField(column, snapshot)
            _ = try replacedIndex(name, field, snapshot)
            let segment = try await BTreeBuilder.build(
                name: name, over: snapshot, field: field, durability: options.storageDurability)
            let added = try await commit(segment, over: field, basedOn: snapshot)
            return ScalarIndexStats(
                name: name, column: column, buildTimeSeconds: (clock.now - start).seconds, diskBytesAdded: added)
        }
    }

    private func indexableField(_ column: String, _ snapshot: Snapshot) throws -> TableField {
        let field = try snapshot.field(column)
        guard field.type.isBTreeKey, field.isWritable else {
            throw Failure(
                .unsupported,
                "column '\(column)' is \(field.logicalType), and a scalar index needs one of: \(DataType.btreeKeys)",
                path: path)
        }
        guard !snapshot.fragments.isEmpty else {
            throw Failure(.invalidArgument, "the table has no rows; append some, and build the index then", path: path)
        }
        return field
    }
}
