// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Dispatch
import LanceIndex
import Synchronization
import VectorMath

/// Searches an index for many queries: each thread takes some queries at a time, and goes through the partitions that
/// any of them probes, so that a partition's codes are read once for all of them.
struct BatchSearch: Sendable {
    /// Queries of a thread: their tables (12 KB each for 48 codes of 8 bits) stay in the second-level cache.
    private static let queriesPerBlock = 32

    private let search: IndexedSearch
    private let queries: [[Float]]

    init(_ search: IndexedSearch, queries: [[Float]]) {
        self.search = search
        self.queries = queries
    }

    /// The nearest rows of each query; nil where the codes cannot tell.
    ///
    /// Blocks the thread; throws `CancellationError` when `isCancelled` says so.
    func nearest(threads: Int, isCancelled: @escaping @Sendable () -> Bool) async throws -> [[Neighbor]?] {
        let size = max(1, min(Self.queriesPerBlock, (queries.count + threads - 1) / threads))
        let blocks = stride(from: 0, to: queries.count, by: size).map { $0..<min($0 + size, queries.count) }
        var results = [[Neighbor]?](repeating: nil, count: queries.count)
        var rest = blocks[...]
        while !rest.isEmpty {
            // Vectors that must be fetched are held for some queries at a time.
            var pending = Array(search.isInMemory ? rest : rest.prefix(threads))
            rest = rest.dropFirst(pending.count)
            try await fetching {
                let done = try run(pending, size, threads, isCancelled)
                for (range, found) in done.found {
                    for (index, neighbors) in zip(range, found) { results[index] = neighbors }
                }
                pending = done.pending
                if let missing = done.missing { throw missing }
            }
        }
        return results
    }

    /// What became of some blocks of queries.
    private struct Done {
        var found: [(range: Range<Int>, neighbors: [[Neighbor]?])] = []
        /// Those that need what is missing.
        var pending: [Range<Int>] = []
        var missing: MissingBytes?
        var failure: (any Error)?
    }

    private func run(_ blocks: [Range<Int>], _ size: Int, _ threads: Int, _ isCancelled: @Sendable () -> Bool) throws
        -> Done
    {
        let state = Mutex(Done())
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(threads, blocks.count)) { _ in
            let scratches = (0..<size).map { _ in ScanScratch() }
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < blocks.count, state.withLock({ $0.failure == nil }) else { break }
                let range = blocks[number]
                do {
                    if isCancelled() { throw CancellationError() }
                    let found = try block(range, scratches)
                    state.withLock { $0.found.append((range, found)) }
                } catch let missing as MissingBytes {
                    state.withLock { state in
                        state.pending.append(range)
                        state.missing?.add(missing)
                        if state.missing == nil { state.missing = missing }
                    }
                } catch {
                    state.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
        let done = state.withLock { $0 }
        if let failure = done.failure { throw failure }
        return done
    }

    private func block(_ range: Range<Int>, _ scratches: [ScanScratch]) throws -> [[Neighbor]?] {
        var trace = SearchTrace()
        var found = [Int?](repeating: 0, count: range.count)
        for segment in search.index.segments {
            let wanted = search.wanted(segment)
            var scans: [SegmentScan?] = []
            var visitors = [[Int]](repeating: [], count: segment.index.partitionCount)
            for (number, query) in range.enumerated() {
                guard let kept = found[number],
                    var scan = search.begin(segment, queries[query], kept: kept, scratches[number])
                else {
                    found[number] = nil
                    scans.append(nil)
                    continue
                }
                scan.rank(wanted)
                // The nearest partition first: it makes the threshold that spares most work in the others.
                if wanted > 0 { scan.scan(scan.partition(0)) }
                for rank in stride(from: 1, to: wanted, by: 1) { visitors[scan.partition(rank)].append(number) }
                scans.append(scan)
            }
            for (partition, visitors) in visitors.enumerated() {
                for number in visitors { scans[number]?.scan(partition) }
            }
            for number in scans.indices {
                guard var scan = scans[number], let kept = found[number] else { continue }
                try search.extend(&scan)
                found[number] = search.finish(&scan, kept: kept, &trace)
            }
        }
        return try zip(range, found).enumerated().mapFetching { number, pair in
            guard let count = pair.1 else { return nil }
            return try search.result(queries[pair.0], count, asked: 0, scratches[number], &trace)
        }
    }
}
