// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

/// Measures the recall of a table's vector index: an exact search a query, then every choice of parameters.
struct RecallSweep {
    private static let warmUps = 20
    /// Rows that are asked for beyond the k-th, to see which are as near as it.
    private static let margin = 16
    /// A query with more rows at the k-th place says nothing about an index, and its rows would fill the memory.
    private static let mostTies = 1 << 16

    let store: LanceVectorStore
    let queries: Queries
    let k: Int
    let progress: Progress

    struct Result {
        var version: UInt64
        var indexName: String
        /// Of all segments of the index.
        var partitions: Int
        /// Partitions of each segment that a search looks into where it is not told how many; for the largest, where
        /// that differs.
        var usualProbes: Int
        /// Rows that the index does not cover.
        var tailRows: Int
        /// How many queries were measured.
        var queries: Int
        /// Queries that were left out, because too many rows are as near as the k-th.
        var leftOut: Int
        /// Exact search: median latency in microseconds.
        var exactP50: Double
        var points: [RecallPoint]
    }

    /// - Parameter nprobes: nil for powers of two, the usual number and all.
    func run(nprobes: [Int]?, refine: [RefineFactor]) async throws -> Result {
        try check()
        let first: SearchExplanation
        do {
            first = try await store.explain(queries.vectors[0], topK: k)
        } catch {
            throw queries.naming(0, error)
        }
        guard let indexName = first.indexName else {
            guard try await !store.hasVectorIndex() else {
                throw StoreError(
                    code: .invalidArgument,
                    message: "the numbers of query 0 are too large for the index; leave such queries out")
            }
            throw StoreError(
                code: .invalidArgument,
                message: "the table has no vector index to measure; build one with 'vectord index'", path: store.path)
        }
        guard k <= (try await store.count()) else {
            throw StoreError(
                code: .invalidArgument,
                message: "--top-k \(k) of a table with \(Readable.plural(try await store.count(), "row")); "
                    + "ask for no more than there are", path: store.path)
        }
        let (truths, exactSeconds) = try await findTruths()
        let measured = truths.filter { $0 != nil }.count
        guard measured > 0 else {
            throw StoreError(
                code: .invalidArgument,
                message: "to every query over \(Self.mostTies) rows are as near as the one at place \(k): "
                    + "the table's vectors are too much alike to measure an index", path: store.path)
        }
        let nprobes = Self.clipped(
            nprobes ?? Self.usual(first.largestSegmentPartitions, first.nprobes),
            partitions: first.largestSegmentPartitions)
        var points: [RecallPoint] = []
        for factor in refine {
            for probes in nprobes {
                points.append(try await measure(probes, factor.factor, truths))
                progress.update(
                    Double(points.count) / Double(refine.count * nprobes.count), stage: "2/2 measuring the index")
            }
        }
        guard try await store.explain(queries.vectors[0], topK: k, nprobes: 1).version == first.version else {
            throw StoreError(
                code: .conflict, message: "the table was changed meanwhile; measure again", path: store.path)
        }
        return Result(
            version: first.version, indexName: indexName, partitions: first.partitions,
            usualProbes: first.nprobes, tailRows: first.tailRows, queries: measured,
            leftOut: truths.count - measured, exactP50: BenchLine.percentile(exactSeconds.sorted(), 0.5) * 1e6,
            points: points)
    }

    /// Before the long work, whatever can be told from the queries alone.
    private func check() throws {
        guard let first = queries.vectors.first else {
            throw StoreError(code: .invalidArgument, message: "the file has no queries")
        }
        for (index, vector) in queries.vectors.enumerated() where vector.count != first.count {
            throw StoreError(
                code: .invalidArgument,
                message: "query \(index) has \(vector.count) numbers, and query 0 has \(first.count)")
        }
    }

    /// Powers of two, the number that searches take of themselves, and all.
    static func usual(_ partitions: Int, _ usualProbes: Int) -> [Int] {
        var powers: [Int] = []
        var power = 1
        while power < partitions {
            powers.append(power)
            power *= 2
        }
        return powers + [usualProbes, partitions]
    }

    /// Ascending, none twice: more than all partitions are all.
    static func clipped(_ nprobes: [Int], partitions: Int) -> [Int] {
        Set(nprobes.map { max(1, min($0, partitions)) }).sorted()
    }

    /// - Returns: nil for a query that is left out; and the seconds of the exact searches.
    private func findTruths() async throws -> (truths: [RecallTruth?], seconds: [Double]) {
        var truths: [RecallTruth?] = []
        var seconds: [Double] = []
        for (index, query) in queries.vectors.enumerated() {
            do {
                var asked = k + Self.margin
                var (exact, usage) = try await Usage.measure { try await store.searchExactly(query, topK: asked) }
                seconds.append(usage.seconds)
                while RecallTruth.isCut(exact, k: k, asked: asked), asked < k + Self.mostTies {
                    asked = min(asked * 8, k + Self.mostTies)
                    exact = try await store.searchExactly(query, topK: asked)
                }
                truths.append(RecallTruth.isCut(exact, k: k, asked: asked) ? nil : RecallTruth(exact, k: k))
            } catch {
                throw queries.naming(index, StoreError(reporting: error, path: store.path))
            }
            progress.update(Double(index + 1) / Double(queries.vectors.count), stage: "1/2 searching exactly")
        }
        return (truths, seconds)
    }

    private func measure(_ nprobes: Int, _ refine: Int?, _ truths: [RecallTruth?]) async throws -> RecallPoint {
        for query in queries.vectors.prefix(Self.warmUps) {
            _ = try await store.search(query, topK: k, nprobes: nprobes, refineFactor: refine)
        }
        var recalls: [Double] = []
        var seconds: [Double] = []
        for (query, truth) in zip(queries.vectors, truths) {
            guard let truth else { continue }
            let (hits, usage) = try await Usage.measure {
                try await store.search(query, topK: k, nprobes: nprobes, refineFactor: refine)
            }
            recalls.append(truth.recall(of: hits))
            seconds.append(usage.seconds)
        }
        return RecallPoint(nprobes: nprobes, refine: refine, recalls: recalls, seconds: seconds)
    }
}
