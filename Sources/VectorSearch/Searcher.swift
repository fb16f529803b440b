// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import LanceFile
import LanceIndex
package import LanceTable
import ObjectStorage
import Synchronization
package import VectorMath

/// Searches one table, and keeps what the next search of it can use again: opened indices and working memory.
package final class Searcher: Sendable {
    /// Bytes of codes and vectors that are looked at in about a millisecond: searches that look at more, and whatever
    /// opens files, run on `executor`.
    private static let inlineBytes = Double(16 << 20)

    private let executor: any TaskExecutor
    private let indices = VectorIndexCache()
    private let scratches = Mutex<[ScanScratch]>([])
    private let texts = Mutex<(snapshot: Snapshot, fields: [TableField], texts: RowTexts)?>(nil)

    /// - Parameter executor: has threads that may be blocked for a while.
    package init(executor: any TaskExecutor) { self.executor = executor }

    /// A search that is ready to run on one version.
    package struct Plan: Sendable {
        package let snapshot: Snapshot
        package let field: TableField
        /// Nil where every row is compared.
        package let index: VectorIndex?
        package let metric: Metric
        /// Rows that are compared one by one.
        package let exactRows: Int
        /// What the hits will be told with, where it must be fetched: it is asked for before it is known which they are.
        fileprivate var texts: RowTexts?
    }

    package struct Query: Sendable {
        package var vector: [Float]
        package var k: Int
        package var probes: Int?
        package var refineFactor: Int?

        package init(vector: [Float], k: Int, probes: Int?, refineFactor: Int?) {
            self.vector = vector
            self.k = k
            self.probes = probes
            self.refineFactor = refineFactor
        }
    }

    /// Throws where the index's files are damaged or missing: see `VectorIndexCache.index(of:in:)`.
    ///
    /// - Parameter texts: columns that the hits will be told with.
    package func plan(_ snapshot: Snapshot, _ field: TableField, texts: [TableField]) async throws -> Plan {
        guard snapshot.storage.isDistant else { return try await plan(snapshot, field) }
        // Data files and index files at once.
        async let opened: Void = snapshot.open([field] + texts)
        var plan = try await plan(snapshot, field)
        try await opened
        plan.texts = try await self.texts(texts, in: snapshot)
        return plan
    }

    private func plan(_ snapshot: Snapshot, _ field: TableField) async throws -> Plan {
        let found: VectorIndexCache.Found
        if let known = indices.known(field, snapshot) {
            found = known
        } else {
            found = try await withTaskExecutorPreference(executor) { try await indices.index(of: field, in: snapshot) }
        }
        guard let index = found.index else { return try await exactPlan(snapshot, field, found.metric) }
        return Plan(snapshot: snapshot, field: field, index: index, metric: index.metric, exactRows: index.tailRows)
    }

    private func exactPlan(_ snapshot: Snapshot, _ field: TableField, _ metric: Metric) async throws -> Plan {
        Plan(snapshot: snapshot, field: field, index: nil, metric: metric, exactRows: try await snapshot.liveRows())
    }

    /// Whether searches of `field` use an index; never throws because of the index's files, but see
    /// `VectorIndexCache.hasIndex(of:in:isNewest:)`.
    package func hasIndex(_ snapshot: Snapshot, _ field: TableField, isNewest: () async throws -> Bool) async throws
        -> Bool
    {
        if let known = indices.known(field, snapshot) { return known.index != nil }
        return try await withTaskExecutorPreference(executor) {
            try await indices.hasIndex(of: field, in: snapshot, isNewest: isNewest)
        }
    }

    /// The nearest rows, nearest first, ties by address.
    ///
    /// Where some rows are in no index, those and the index's best are compared exactly, so that their distances are
    /// of one kind. Where the codes cannot tell, because the query's numbers are too large, all rows are compared.
    package func nearest(
        _ query: Query, _ plan: Plan, threads: Int, trace: inout SearchTrace, clock: inout StageClock
    ) async throws -> [Neighbor] {
        let found: [Neighbor]?
        if isLong(query, plan) {
            // Copies go in and come out: the closure may run on another thread.
            let (before, started) = (trace, clock)
            (found, trace, clock) = try await withTaskExecutorPreference(executor) {
                var (trace, clock) = (before, started)
                let found = try await search(query, plan, threads, &trace, &clock)
                return (found, trace, clock)
            }
        } else {
            found = try await search(query, plan, threads, &trace, &clock)
        }
        if let found { return found }
        trace.startAnew()
        let exact = try await exactPlan(plan.snapshot, plan.field, plan.metric)
        return try await nearest(query, exact, threads: threads, trace: &trace, clock: &clock)
    }

    /// Whether a search would keep the caller's thread for long.
    private func isLong(_ query: Query, _ plan: Plan) -> Bool {
        let exact = Double(plan.exactRows) * Double(query.vector.count * MemoryLayout<Float>.stride)
        return exact + (plan.index.map { IndexedSearch.bytes($0, query) } ?? 0) > Self.inlineBytes
    }

    /// Nil where the codes cannot tell.
    private func search(
        _ query: Query, _ plan: Plan, _ threads: Int, _ trace: inout SearchTrace, _ clock: inout StageClock
    ) async throws -> [Neighbor]? {
        guard let index = plan.index else {
            return try await exact(query, plan, plan.snapshot.fragmentReaders, threads, &trace, &clock)
        }
        trace.indexName = index.name
        var search = try await IndexedSearch(index, k: query.k, probes: query.probes, refineFactor: query.refineFactor)
        search.texts = plan.texts
        let scratch = scratches.withLock { $0.popLast() } ?? ScanScratch()
        defer { scratches.withLock { $0.append(scratch) } }
        let found: [Neighbor]?
        if search.isInMemory {
            found = try search.nearest(query.vector, scratch: scratch, trace: &trace, clock: &clock)
        } else {
            let (before, started) = (trace, clock)
            (found, trace, clock) = try await fetching {
                var (trace, clock) = (before, started)
                let found = try search.nearest(query.vector, scratch: scratch, trace: &trace, clock: &clock)
                return (found, trace, clock)
            }
        }
        guard let found else { return nil }
        guard !index.tail.isEmpty else { return found }
        let tail = try await exact(query, plan, index.tail, threads, &trace, &clock)
        return Array((found + tail).sorted().prefix(query.k))
    }

    /// The nearest rows of each of many queries, by the same rules.
    ///
    /// Blocks the thread for most of the time.
    package func nearest(
        batch queries: [[Float]], k: Int, probes: Int?, refineFactor: Int?, _ plan: Plan, threads: Int
    ) async throws -> [[Neighbor]] {
        var results = [[Neighbor]?](repeating: nil, count: queries.count)
        var tail = plan.snapshot.fragmentReaders
        if let index = plan.index {
            let batch = BatchSearch(
                try await IndexedSearch(index, k: k, probes: probes, refineFactor: refineFactor), queries: queries)
            let isCancelled = Atomic(false)
            results = try await withTaskCancellationHandler {
                try await batch.nearest(threads: threads) { isCancelled.load(ordering: .relaxed) }
            } onCancel: {
                isCancelled.store(true, ordering: .relaxed)
            }
            tail = index.tail
        }
        var neighbors: [[Neighbor]] = []
        for (query, found) in zip(queries, results) {
            let fragments = found == nil ? plan.snapshot.fragmentReaders : tail
            guard !fragments.isEmpty else {
                neighbors.append(found ?? [])
                continue
            }
            let exact = ExactSearch(fragments, field: plan.field, query: query, metric: plan.metric, threads: threads)
            neighbors.append(Array(((found ?? []) + (try await exact.nearest(k))).sorted().prefix(k)))
        }
        return neighbors
    }

    /// The nearest of all live rows, whatever the indices.
    package func nearestExactly(_ query: Query, _ plan: Plan, threads: Int) async throws -> [Neighbor] {
        var trace = SearchTrace()
        var clock = StageClock(isRunning: false)
        return try await exact(query, plan, plan.snapshot.fragmentReaders, threads, &trace, &clock)
    }

    private func exact(
        _ query: Query, _ plan: Plan, _ fragments: [FragmentReader], _ threads: Int, _ trace: inout SearchTrace,
        _ clock: inout StageClock
    ) async throws -> [Neighbor] {
        let search = ExactSearch(
            fragments, field: plan.field, query: query.vector, metric: plan.metric, threads: threads)
        let found = try await search.nearest(query.k)
        trace.tailRows = plan.exactRows
        trace.bytesRead += plan.exactRows * query.vector.count * MemoryLayout<Float>.stride
        clock.mark(.tail, &trace)
        return found
    }

    /// The text columns of a version.
    package func texts(_ fields: [TableField], in snapshot: Snapshot) async throws -> RowTexts {
        let known = texts.withLock { known in
            known.flatMap { $0.snapshot === snapshot && $0.fields == fields ? $0.texts : nil }
        }
        if let known { return known }
        let made = try await RowTexts(snapshot, fields)
        texts.withLock { $0 = (snapshot, fields, made) }
        return made
    }
}
