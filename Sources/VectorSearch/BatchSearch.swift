// SPDX-License-Identifier: Apache-2.0
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
    func nearest(threads: Int, isCancelled: @escaping @Sendable () -> Bool) throws -> [[Neighbor]?] {
        let size = max(1, min(Self.queriesPerBlock, (queries.count + threads - 1) / threads))
        let blocks = (queries.count + size - 1) / size
        let results = Mutex([[Neighbor]?](repeating: nil, count: queries.count))
        let failure = Mutex<(any Error)?>(nil)
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(threads, blocks)) { _ in
            let scratches = (0..<size).map { _ in ScanScratch() }
            while true {
                let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard block < blocks, failure.withLock({ $0 == nil }) else { break }
                let range = block * size..<min((block + 1) * size, queries.count)
                do {
                    if isCancelled() { throw CancellationError() }
                    let found = try self.block(range, scratches)
                    results.withLock { results in
                        for (index, neighbors) in zip(range, found) { results[index] = neighbors }
                    }
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return results.withLock { $0 }
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
        return try zip(range, found).enumerated().map { number, pair in
            guard let count = pair.1 else { return nil }
            return try search.result(queries[pair.0], count, asked: 0, scratches[number], &trace)
        }
    }
}
