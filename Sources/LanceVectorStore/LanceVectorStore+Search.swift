// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceTable
import VectorMath
import VectorSearch

extension LanceVectorStore {
    /// Bytes of vectors that are scanned in about a millisecond: below that a search stays on the caller's thread.
    private static let inlineBytes = 16 << 20

    /// The rows whose vectors are nearest to `query` by cosine, nearest first.
    ///
    /// Exact: every live row is compared. Ties go to the row that stands first in the table. Rows whose vector is
    /// null, zero, or has a component that is NaN or infinite are never found.
    ///
    /// - Parameters:
    ///   - query: one number a dimension, finite, not all zero.
    ///   - topK: how many rows at most, at least 1. Fewer eligible rows give all of them.
    ///   - nprobes: partitions of an index to look into, at least 1. Of no effect without an index.
    ///   - refineFactor: how many candidates for each hit an index search compares exactly, at least 1; nil compares
    ///     none. Of no effect without an index.
    /// - Throws: `invalid_argument` for a query or number as above, `not_found` where there is no table.
    public func search(
        _ query: [Float], topK: Int = 10, nprobes: Int? = nil, refineFactor: Int? = 10
    ) async throws(StoreError) -> [Hit] {
        try await door {
            try await reading { snapshot in
                let field = try checkedQuery(query, topK, nprobes, refineFactor, snapshot)
                let (bytes, overflow) = try await snapshot.liveRows().multipliedReportingOverflow(by: query.count * 4)
                if overflow || bytes > Self.inlineBytes {
                    return try await withTaskExecutorPreference(WorkExecutor.shared) {
                        try await exactSearch(query, topK, snapshot, field)
                    }
                }
                return try await exactSearch(query, topK, snapshot, field)
            }
        }
    }

    private func checkedQuery(
        _ query: [Float], _ topK: Int, _ nprobes: Int?, _ refineFactor: Int?, _ snapshot: Snapshot
    ) throws -> TableField {
        let field = try vectorField(snapshot)
        guard case .fixedSizeList(_, let dimension) = field.type, query.count == dimension else {
            throw Failure(
                .invalidArgument, "the query has \(query.count) numbers; the table's vectors are \(field.type)",
                path: path)
        }
        if let bad = query.firstIndex(where: { !$0.isFinite }) {
            throw Failure(
                .invalidArgument, "the query's number \(bad) is \(query[bad]); all must be finite", path: path)
        }
        guard query.contains(where: { $0 != 0 }) else {
            throw Failure(.invalidArgument, "the query is all zeros, which has no direction", path: path)
        }
        for (name, value) in [("topK", topK), ("nprobes", nprobes ?? 1), ("refineFactor", refineFactor ?? 1)]
        where value < 1 {
            throw Failure(.invalidArgument, "\(name) must be at least 1, got \(value)", path: path)
        }
        return field
    }

    private func exactSearch(_ query: [Float], _ topK: Int, _ snapshot: Snapshot, _ field: TableField) async throws
        -> [Hit]
    {
        let threads = options.threads ?? ProcessInfo.processInfo.activeProcessorCount
        let search = ExactSearch(snapshot, field: field, query: query, metric: .cosine, threads: threads)
        let neighbors = try await search.nearest(topK)
        let ids = try textField(options.columns.id, snapshot)
        let texts = try textField(options.columns.text, snapshot)
        let rows = try await snapshot.take(neighbors.map { RowAddress(rawValue: $0.address) }, [ids, texts])
        return try neighbors.indices.map { index in
            Hit(
                docID: try rows.columns[0].text(index) ?? "", chunkText: try rows.columns[1].text(index) ?? "",
                score: 1 - neighbors[index].distance, distance: neighbors[index].distance)
        }
    }

    /// The row whose `doc_id` is `docID`; nil where there is none.
    ///
    /// Any text is a legal id: with quotes, newlines, of any script, or empty. Where several live rows have it, the one
    /// that stands first in the table is given.
    ///
    /// - Throws: `not_found` where there is no table.
    public func row(docID: String) async throws(StoreError) -> Row? {
        try await door {
            try await reading { snapshot in
                let ids = try textField(options.columns.id, snapshot)
                let found = try await withTaskExecutorPreference(WorkExecutor.shared) {
                    try await KeyLookup.first(docID, in: snapshot, ids)
                }
                guard let found else { return nil }
                return try await row(found, ids, snapshot)
            }
        }
    }

    private func row(_ address: RowAddress, _ ids: TableField, _ snapshot: Snapshot) async throws -> Row {
        func value(_ field: TableField?) async throws -> Column? {
            guard let field else { return nil }
            return try await snapshot.take([address], [field]).columns[0]
        }
        let source = try await value(optionalField(options.columns.source, snapshot) { $0.isText || $0 == .null })
        let chunk = try await value(optionalField(options.columns.chunkIndex, snapshot) { $0.isInteger || $0 == .null })
        return Row(
            docID: try await value(ids)?.text(0) ?? "",
            chunkText: try await value(textField(options.columns.text, snapshot))?.text(0) ?? "",
            vector: try await value(vectorField(snapshot))?.floats(0) ?? [], source: try source?.text(0),
            chunkIndex: try chunk?.integer(0))
    }

    // MARK: Columns

    func vectorField(_ snapshot: Snapshot) throws -> TableField {
        let field = try snapshot.field(options.columns.vector)
        guard case .fixedSizeList(.float32, _) = field.type else {
            throw Failure(
                .schemaMismatch, "column '\(field.name)' is \(field.type), not a fixed-size list of float32", path: path
            )
        }
        return field
    }

    func textField(_ name: String, _ snapshot: Snapshot) throws -> TableField {
        let field = try snapshot.field(name)
        guard field.type.isText else {
            throw Failure(.schemaMismatch, "column '\(name)' is \(field.type), not text", path: path)
        }
        return field
    }

    private func optionalField(_ name: String, _ snapshot: Snapshot, _ accept: (DataType) -> Bool) throws -> TableField?
    {
        guard let field = snapshot.schema[name] else { return nil }
        guard accept(field.type) else {
            throw Failure(
                .schemaMismatch, "column '\(name)' has the type \(field.type), which is not expected", path: path)
        }
        return field
    }
}

extension Column {
    fileprivate func text(_ row: Int) throws -> String? {
        if case .string(let text) = try value(row) { return text }
        return nil
    }

    fileprivate func integer(_ row: Int) throws -> Int? {
        switch try value(row) {
        case .int(let value): return Int(exactly: value)
        case .uint(let value): return Int(exactly: value)
        default: return nil
        }
    }

    /// A row of a float32 vector column; a null vector is empty.
    fileprivate func floats(_ row: Int) throws -> [Float] {
        guard !isNull(row), case .fixedSizeList(let items, let length) = storage, case .fixed(let view) = items.storage
        else { return [] }
        return try view.slice(row * length * 4, length * 4).array(of: Float.self)
    }
}
