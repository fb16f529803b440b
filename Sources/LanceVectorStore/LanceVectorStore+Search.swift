// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceTable
import VectorMath
import VectorSearch

extension LanceVectorStore {
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
    ///   - nprobes: partitions to look into of each segment of the index, at least 1; more than there are means all. (An
    ///     index has one segment when it is built; other tools may add some.) Nil chooses a number by the size of the
    ///     segment, such that with the default `refineFactor` the recall@10 on real embeddings is 0.95 or more, and
    ///     looks into more where those do not have enough rows. Of no effect without an index.
    ///   - refineFactor: how many candidates for each hit an index search compares exactly, at least 1. Nil compares
    ///     none: then distances are estimates by code words, unless some rows are not covered by the index; with those
    ///     `topK` candidates are compared exactly. Of no effect without an index.
    ///   - columns: further columns of the table, of any type that is read, to be given with each hit.
    /// - Throws: `invalid_argument` for a query or number as above, `not_found` where there is no table, `cancelled`.
    ///   `corrupt` or `not_found` with the index's name where its files are damaged or missing: build it again, or drop
    ///   it. All searches and explanations do so, since comparing all rows instead could be by another metric and take
    ///   a thousand times as long. `unsupported` for candidates whose vectors are stored in a form that is not read;
    ///   without `refineFactor` they are not needed.
    public func search(
        _ query: [Float], topK: Int = 10, nprobes: Int? = nil, refineFactor: Int? = 10, columns: [String] = []
    ) async throws(StoreError) -> [Hit] {
        try await door {
            try await reading { snapshot in
                var trace = SearchTrace()
                var clock = StageClock(isRunning: false)
                return try await hits(query, topK, nprobes, refineFactor, columns, snapshot, &trace, &clock)
            }
        }
    }

    /// The nearest rows of each of many queries, on all cores: faster than one search after the other, since what the
    /// queries look at in common of an index is read once. Rows that no index covers are compared query by query.
    ///
    /// - Parameters:
    ///   - queries: as many numbers as there are queries times dimensions, one query after another.
    ///   - topK: as for ``search(_:topK:nprobes:refineFactor:columns:)``, and so are the others.
    /// - Returns: what a search of each query gives, in the order of the queries. All are of one version.
    /// - Throws: `invalid_argument` where the numbers are not a whole number of queries, or a query is not legal.
    public func search(
        batch queries: [Float], topK: Int = 10, nprobes: Int? = nil, refineFactor: Int? = 10, columns: [String] = []
    ) async throws(StoreError) -> [[Hit]] {
        try await longDoor {
            try await reading { snapshot in
                let field = try vectorField(snapshot)
                guard case .fixedSizeList(_, let dimension) = field.type, queries.count % dimension == 0 else {
                    throw Failure(
                        .invalidArgument,
                        "\(queries.count) numbers are no whole number of queries; the table's vectors are \(field.type)",
                        path: path)
                }
                let plan = try await searcher.plan(snapshot, field, texts: textFields(snapshot))
                var each: [[Float]] = []
                each.reserveCapacity(queries.count / dimension)
                for start in stride(from: 0, to: queries.count, by: dimension) {
                    let query = Array(queries[start..<start + dimension])
                    _ = try checkedQuery(query, topK, nprobes, refineFactor, snapshot)
                    try checkDirection(query, plan.metric)
                    each.append(query)
                }
                let found = try await searcher.nearest(
                    batch: each, k: topK, probes: nprobes, refineFactor: refineFactor, plan, threads: threads)
                var results: [[Hit]] = []
                results.reserveCapacity(found.count)
                for neighbors in found { results.append(try await hits(neighbors, columns, snapshot)) }
                return results
            }
        }
    }

    /// Compares every live row, as if there were no index, by the metric that ``search(_:topK:nprobes:refineFactor:columns:)``
    /// uses: what the recall of an index is measured against.
    package func searchExactly(_ query: [Float], topK: Int) async throws(StoreError) -> [Hit] {
        try await door {
            try await reading { snapshot in
                let field = try checkedQuery(query, topK, nil, nil, snapshot)
                let plan = try await searcher.plan(snapshot, field, texts: textFields(snapshot))
                try checkDirection(query, plan.metric)
                let wanted = Searcher.Query(vector: query, k: topK, probes: nil, refineFactor: nil)
                let neighbors = try await withTaskExecutorPreference(WorkExecutor.shared) {
                    try await searcher.nearestExactly(wanted, plan, threads: threads)
                }
                return try await hits(neighbors, [], snapshot)
            }
        }
    }

    /// Searches, and says how: the index used, what was looked at, and the time of each stage.
    ///
    /// Takes the same parameters as ``search(_:topK:nprobes:refineFactor:columns:)`` and throws the same errors.
    public func explain(
        _ query: [Float], topK: Int = 10, nprobes: Int? = nil, refineFactor: Int? = 10, columns: [String] = []
    ) async throws(StoreError) -> SearchExplanation {
        try await door {
            try await reading { snapshot in
                var trace = SearchTrace()
                var clock = StageClock(isRunning: true)
                let hits = try await hits(query, topK, nprobes, refineFactor, columns, snapshot, &trace, &clock)
                return SearchExplanation(trace, version: snapshot.version, hits: hits)
            }
        }
    }

    private func hits(
        _ query: [Float], _ topK: Int, _ nprobes: Int?, _ refineFactor: Int?, _ columns: [String], _ snapshot: Snapshot,
        _ trace: inout SearchTrace, _ clock: inout StageClock
    ) async throws -> [Hit] {
        let field = try checkedQuery(query, topK, nprobes, refineFactor, snapshot)
        let plan = try await searcher.plan(snapshot, field, texts: textFields(snapshot))
        try checkDirection(query, plan.metric)
        let wanted = Searcher.Query(vector: query, k: topK, probes: nprobes, refineFactor: refineFactor)
        clock.mark(.open, &trace)
        let neighbors = try await searcher.nearest(wanted, plan, threads: threads, trace: &trace, clock: &clock)
        let hits = try await hits(neighbors, columns, snapshot)
        clock.mark(.rows, &trace)
        return hits
    }

    /// Asked for once: the answer is read from the control group's files, which takes longer than many a search.
    private static let processors = ProcessInfo.processInfo.activeProcessorCount

    var threads: Int { options.threads ?? Self.processors }

    /// The columns whose texts a hit has.
    private func textFields(_ snapshot: Snapshot) throws -> [TableField] {
        [try textField(options.columns.id, snapshot)] + [try chunkTextField(snapshot)].compactMap { $0 }
    }

    private func hits(_ neighbors: [Neighbor], _ columns: [String], _ snapshot: Snapshot) async throws -> [Hit] {
        let fields = try textFields(snapshot)
        let texts = try await searcher.texts(fields, in: snapshot)
        texts.prefetch(neighbors)
        var hits: [Hit] = []
        hits.reserveCapacity(neighbors.count)
        for neighbor in neighbors {
            let address = RowAddress(rawValue: neighbor.address)
            guard let id = try texts.textInPlace(0, at: address),
                let text = fields.count > 1 ? try texts.textInPlace(1, at: address) : .some(nil)
            else { break }
            hits.append(Hit(neighbor, id, text))
        }
        if hits.count < neighbors.count {
            let rest = neighbors[hits.count...]
            let values = try await texts.texts(at: rest.map { RowAddress(rawValue: $0.address) })
            hits += zip(rest, values).map { Hit($0, $1[0], fields.count > 1 ? $1[1] : nil) }
        }
        if !columns.isEmpty {
            let addresses = neighbors.map { RowAddress(rawValue: $0.address) }
            for (index, values) in try await values(of: columns, at: addresses, snapshot).enumerated() {
                hits[index].columns = values
            }
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
        try checkNames(snapshot)
        let field = try vectorField(snapshot)
        guard case .fixedSizeList(_, let dimension) = field.type, query.count == dimension else {
            throw Failure(
                .invalidArgument, "the query has \(query.count) numbers; the table's vectors are \(field.type)",
                path: path)
        }
        if !Self.allFinite(query), let bad = query.firstIndex(where: { !$0.isFinite }) {
            throw Failure(
                .invalidArgument, "the query's number \(bad) is \(query[bad]); all must be finite", path: path)
        }
        for (name, value) in [("topK", topK), ("nprobes", nprobes ?? 1), ("refineFactor", refineFactor ?? 1)]
        where value < 1 {
            throw Failure(.invalidArgument, "\(name) must be at least 1, got \(value)", path: path)
        }
        return field
    }

    /// By the exponents' bits and without an early end, so that many are looked at at a time.
    private static func allFinite(_ query: [Float]) -> Bool {
        var found: UInt32 = 0
        for number in query { found |= number.bitPattern & 0x7f80_0000 == 0x7f80_0000 ? 1 : 0 }
        return found == 0
    }

    // MARK: Columns

    /// Throws for a column that was given a name of its own and is not there, or is of another type; others are looked at
    /// when they are used.
    func checkNames(_ snapshot: Snapshot) throws {
        let usual = Options.Columns()
        if options.columns == usual { return }
        if options.columns.id != usual.id { _ = try textField(options.columns.id, snapshot) }
        if options.columns.vector != usual.vector { _ = try vectorField(snapshot) }
        _ = try chunkTextField(snapshot)
        _ = try optionalField(\.source, snapshot, "text") { $0.isText || $0 == .null }
        _ = try optionalField(\.chunkIndex, snapshot, "integers") { $0.isInteger || $0 == .null }
    }

    /// The values of any columns, a row an entry.
    func values(of columns: [String], at addresses: [RowAddress], _ snapshot: Snapshot) async throws
        -> [[String: ColumnValue]]
    {
        let fields = try columns.map { try snapshot.field($0) }
        let batch = try await snapshot.take(addresses, fields)
        return try addresses.indices.map { row in
            var values: [String: ColumnValue] = [:]
            for (field, column) in zip(fields, batch.columns) {
                values[field.name] = try ColumnValue(column.value(row), field.type)
            }
            return values
        }
    }

    func vectorField(_ snapshot: Snapshot) throws -> TableField {
        let field = try snapshot.field(options.columns.vector)
        guard case .fixedSizeList(let item, _) = field.type, item.isFloat else {
            throw mismatch(field, "a fixed-size list of floats", snapshot)
        }
        return field
    }

    private func mismatch(_ field: TableField, _ wanted: String, _ snapshot: Snapshot) -> Failure {
        Failure(
            .schemaMismatch,
            "column '\(field.name)' is \(field.type), not \(wanted); the table's columns are "
                + snapshot.schema.schema.summary, path: path)
    }

    /// A column that a table may lack; one whose name is not the default must be there.
    func optionalField(
        _ name: KeyPath<Options.Columns, String>, _ snapshot: Snapshot, _ wanted: String, _ accept: (DataType) -> Bool
    ) throws -> TableField? {
        let own = options.columns[keyPath: name]
        if snapshot.schema[own] == nil, own == Options.Columns()[keyPath: name] { return nil }
        let field = try snapshot.field(own)
        guard accept(field.type) else { throw mismatch(field, wanted, snapshot) }
        return field
    }

    /// The column of the texts that were embedded; nil where the table has none.
    func chunkTextField(_ snapshot: Snapshot) throws -> TableField? {
        try optionalField(\.text, snapshot, "text") { $0.isText }
    }

    func textField(_ name: String, _ snapshot: Snapshot) throws -> TableField {
        let field = try snapshot.field(name)
        guard field.type.isText else {
            throw mismatch(field, "text", snapshot)
        }
        return field
    }
}

extension Hit {
    fileprivate init(_ neighbor: Neighbor, _ id: String?, _ text: String?) {
        self.init(
            docID: id ?? "", chunkText: text ?? "", score: 1 - neighbor.distance, distance: neighbor.distance)
    }
}

extension Column {
    /// The text of one row; nil where it is null.
    func text(_ row: Int) throws -> String? {
        if case .string(let text) = try value(row) { return text }
        return nil
    }
}
