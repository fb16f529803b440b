// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceTable
import ObjectStorage
import Synchronization
import VectorSearch

extension LanceVectorStore {
    /// The row whose `doc_id` is `docID`; nil where there is none.
    ///
    /// Any text is a legal id: with quotes, newlines, of any script, or empty. Where several live rows have it, the one
    /// that stands first in the table is given.
    ///
    /// With an index of the column (``buildScalarIndex(column:)``) this takes microseconds; rows that were appended
    /// after it was built, and all rows without one, are looked through.
    ///
    /// - Parameter columns: further columns of the table, of any type that is read, to be given with the row.
    /// - Throws: `not_found` where there is no table.
    public func row(docID: String, columns: [String] = []) async throws(StoreError) -> Row? {
        try await door {
            try await reading { snapshot in
                let reader = try rowReader(snapshot)
                let match = try await keys.match(docID, in: snapshot, reader.ids)
                var address = match.address
                if !match.unsearched.isEmpty {
                    // The rows without an index come first in the table, or there is no other.
                    let scanned = try await withTaskExecutorPreference(WorkExecutor.shared) {
                        try await KeyLookup.scan(match.unsearched, for: docID, reader.ids)
                    }
                    address = scanned ?? address
                }
                guard let address else { return nil }
                var row = try await reader.row(at: address, id: docID)
                if !columns.isEmpty {
                    row.columns = try await values(of: columns, at: [address], snapshot).first ?? [:]
                }
                return row
            }
        }
    }

    /// What reads the rows of `snapshot`: the one of the last call, where it was of the same version.
    private func rowReader(_ snapshot: Snapshot) throws -> RowReader {
        if let known = lastRowReader.withLock({ $0 }), known.cells.snapshot === snapshot { return known }
        let reader = try RowReader(
            snapshot, ids: textField(options.columns.id, snapshot), vectors: vectorField(snapshot),
            texts: chunkTextField(snapshot),
            sources: optionalField(\.source, snapshot, "text") { $0.isText || $0 == .null },
            chunks: optionalField(\.chunkIndex, snapshot, "integers") { $0.isInteger || $0 == .null })
        lastRowReader.withLock { $0 = reader }
        return reader
    }
}

/// Reads whole rows of one version of a table.
final class RowReader: Sendable {
    let ids: TableField
    let cells: RowCells
    /// Places of the columns among those of `cells`; nil where the table has none.
    private let text: Int?
    private let source: Int?
    private let chunk: Int?

    init(
        _ snapshot: Snapshot, ids: TableField, vectors: TableField, texts: TableField?, sources: TableField?,
        chunks: TableField?
    ) {
        self.ids = ids
        var fields = [ids, vectors]
        func place(_ field: TableField?) -> Int? {
            guard let field else { return nil }
            fields.append(field)
            return fields.count - 1
        }
        text = place(texts)
        source = place(sources)
        chunk = place(chunks)
        cells = RowCells(snapshot, fields)
    }

    /// The row at `address`, whose id is `id`; `corrupt` where it has another, and so the index is of another table.
    func row(at address: RowAddress, id: String) async throws -> Row {
        let fragment = try await cells.fragment(of: address)
        let row = Int(address.offset)
        if cells.snapshot.storage.isDistant { try await fragment.fetch(row) }
        let found = try await fragment.text(0, row)
        guard let found, found.utf8.elementsEqual(id.utf8) else {
            throw Failure(
                .corrupt,
                "the index of column '\(ids.name)' gives row \(address.offset) of fragment \(address.fragment), which "
                    + "has another value; build the index again",
                path: cells.snapshot.location)
        }
        var value = Row(docID: found, chunkText: "", vector: [], source: nil, chunkIndex: nil)
        if let text { value.chunkText = try await fragment.text(text, row) ?? "" }
        value.vector = try await fragment.vector(1, row)
        if let source { value.source = try await fragment.text(source, row) }
        if let chunk { value.chunkIndex = try await fragment.value(chunk, row)?.integer(0) }
        return value
    }
}

extension Column {
    fileprivate func integer(_ row: Int) throws -> Int? {
        switch try value(row) {
        case .int(let value): return Int(exactly: value)
        case .uint(let value): return Int(exactly: value)
        default: return nil
        }
    }
}
