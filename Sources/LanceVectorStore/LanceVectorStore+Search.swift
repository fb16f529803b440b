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

    /// The rows whose vectors are nearest to `query`, nearest first.
    ///
    /// With a vector index the metric is the index's, and partitions of it are looked into; rows that the index does
    /// not cover are compared one by one. Without one every live row is compared by cosine. Ties go to the row that
    /// stands first in the table. Deleted rows are never found, nor rows whose vector is null, has a component that is
    /// NaN or infinite, or for the cosine is zero.
    ///
    /// - Parameters:
    ///   - query: one number a dimension, finite, for the cosine not all zero.
    ///   - topK: how many rows at most, at least 1. Fewer eligible rows give all of them.
    ///   - nprobes: partitions of the index to look into, at least 1; more than there are means all. Nil chooses a
    ///     number by the size of the index, such that with the default `refineFactor` the recall@10 on real embeddings
    ///     is 0.95 or more. Of no effect without an index.
    ///   - refineFactor: how many candidates for each hit an index search compares exactly, at least 1. Nil compares
    ///     none: then distances are estimates by code words. Of no effect without an index.
    /// - Throws: `invalid_argument` for a query or number as above, `not_found` where there is no table.
    public func search(
        _ query: [Float], topK: Int = 10, nprobes: Int? = nil, refineFactor: Int? = 10
    ) async throws(StoreError) -> [Hit] {
        try await door {
            try await reading { snapshot in
                var trace = SearchTrace()
                var clock = StageClock(isRunning: false)
                return try await hits(query, topK, nprobes, refineFactor, snapshot, &trace, &clock)
            }
        }
    }

    /// Compares every live row, as if there were no index, by the metric that ``search(_:topK:nprobes:refineFactor:)``
    /// uses: what the recall of an index is measured against.
    package func searchExactly(_ query: [Float], topK: Int) async throws(StoreError) -> [Hit] {
        try await door {
            try await reading { snapshot in
                let field = try checkedQuery(query, topK, nil, nil, snapshot)
                let plan = try await searcher.plan(snapshot, field)
                try checkDirection(query, plan.metric)
                let wanted = Searcher.Query(vector: query, k: topK, probes: nil, refineFactor: nil)
                let neighbors = try await withTaskExecutorPreference(WorkExecutor.shared) {
                    try await searcher.nearestExactly(wanted, plan, threads: threads)
                }
                return try await hits(neighbors, snapshot)
            }
        }
    }

    /// Searches, and says how: the index used, what was looked at, and the time of each stage.
    ///
    /// Takes the same parameters as ``search(_:topK:nprobes:refineFactor:)`` and throws the same errors.
    public func explain(
        _ query: [Float], topK: Int = 10, nprobes: Int? = nil, refineFactor: Int? = 10
    ) async throws(StoreError) -> SearchExplanation {
        try await door {
            try await reading { snapshot in
                var trace = SearchTrace()
                var clock = StageClock(isRunning: true)
                let hits = try await hits(query, topK, nprobes, refineFactor, snapshot, &trace, &clock)
                return SearchExplanation(trace, version: snapshot.version, hits: hits)
            }
        }
    }

    private func hits(
        _ query: [Float], _ topK: Int, _ nprobes: Int?, _ refineFactor: Int?, _ snapshot: Snapshot,
        _ trace: inout SearchTrace, _ clock: inout StageClock
    ) async throws -> [Hit] {
        let field = try checkedQuery(query, topK, nprobes, refineFactor, snapshot)
        let plan = try await searcher.plan(snapshot, field)
        try checkDirection(query, plan.metric)
        let wanted = Searcher.Query(vector: query, k: topK, probes: nprobes, refineFactor: refineFactor)
        clock.mark(.open, &trace)
        let neighbors: [Neighbor]
        let (bytes, overflow) = plan.exactRows.multipliedReportingOverflow(by: query.count * 4)
        if overflow || bytes > Self.inlineBytes {
            // Copies go in and come out: the closure may run on another thread.
            let (before, started) = (trace, clock)
            (neighbors, trace, clock) = try await withTaskExecutorPreference(WorkExecutor.shared) {
                var (trace, clock) = (before, started)
                let found = try await searcher.nearest(wanted, plan, threads: threads, trace: &trace, clock: &clock)
                return (found, trace, clock)
            }
        } else {
            neighbors = try await searcher.nearest(wanted, plan, threads: threads, trace: &trace, clock: &clock)
        }
        let hits = try await hits(neighbors, snapshot)
        clock.mark(.rows, &trace)
        return hits
    }

    var threads: Int { options.threads ?? ProcessInfo.processInfo.activeProcessorCount }

    private func hits(_ neighbors: [Neighbor], _ snapshot: Snapshot) async throws -> [Hit] {
        let fields = [
            try textField(options.columns.id, snapshot), try textField(options.columns.text, snapshot),
        ]
        let texts = try await searcher.texts(fields, in: snapshot)
        var hits: [Hit] = []
        hits.reserveCapacity(neighbors.count)
        for neighbor in neighbors {
            let address = RowAddress(rawValue: neighbor.address)
            hits.append(
                Hit(
                    docID: try await texts.text(0, at: address) ?? "",
                    chunkText: try await texts.text(1, at: address) ?? "", score: 1 - neighbor.distance,
                    distance: neighbor.distance))
        }
        return hits
    }

    /// Zeros have no direction to compare.
    private func checkDirection(_ query: [Float], _ metric: Metric) throws {
        guard metric != .cosine || query.contains(where: { $0 != 0 }) else {
            throw Failure(.invalidArgument, "the query is all zeros, which has no direction", path: path)
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
        for (name, value) in [("topK", topK), ("nprobes", nprobes ?? 1), ("refineFactor", refineFactor ?? 1)]
        where value < 1 {
            throw Failure(.invalidArgument, "\(name) must be at least 1, got \(value)", path: path)
        }
        return field
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
}

extension Column {
    /// The text of one row; nil where it is null.
    func text(_ row: Int) throws -> String? {
        if case .string(let text) = try value(row) { return text }
        return nil
    }
}
