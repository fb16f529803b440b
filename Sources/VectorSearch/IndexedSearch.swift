// SPDX-License-Identifier: Apache-2.0
package import LanceIndex
import LanceTable
package import VectorMath

/// Searches the index of a column: probes the nearest partitions of every segment, and compares the best candidates of
/// all of them exactly where that is asked for.
package struct IndexedSearch {
    private let index: VectorIndex
    private let query: [Float]
    private let k: Int
    private let probes: Int?
    private let refineFactor: Int?

    /// - Parameters:
    ///   - query: finite, not zero for the cosine; the caller has checked.
    ///   - probes: partitions of each segment; nil chooses.
    ///   - refineFactor: candidates for each of the k hits that are compared exactly; nil compares none.
    package init(_ index: VectorIndex, query: [Float], k: Int, probes: Int?, refineFactor: Int?) {
        self.index = index
        self.query = query
        self.k = k
        self.probes = probes
        self.refineFactor = refineFactor
    }

    /// The nearest of the rows that the index covers, nearest first; nil where the codes cannot tell because the
    /// query's numbers are too large.
    ///
    /// With `exactly`, distances are exact even without a refine factor: where they are to be compared with others that
    /// are. Otherwise they are those of the codes, for the cosine turned from squared distances of unit vectors into
    /// cosine distances.
    package func nearest(exactly: Bool, scratch: ScanScratch, trace: inout SearchTrace, clock: inout StageClock) throws
        -> [Neighbor]?
    {
        let (wide, overflow) = k.multipliedReportingOverflow(by: refineFactor ?? 1)
        let keep = min(overflow ? Int.max : wide, index.segments.reduce(0) { $0 + $1.index.rowCount })
        guard keep > 0 else { return [] }
        var found = 0
        for segment in index.segments {
            guard var scan = SegmentScan(segment, query: query, keep: keep, kept: found, scratch: scratch) else {
                return nil
            }
            probe(&scan, keep, &trace, &clock)
            found = scan.finish(kept: found)
            trace.resolved += scan.resolved
            clock.mark(.resolve, &trace)
        }
        let candidates = UnsafeBufferPointer(start: scratch.neighbors.base, count: found)
        guard refineFactor != nil || exactly else {
            return candidates.sorted().prefix(k).map { neighbor in
                var neighbor = neighbor
                if index.metric == .cosine { neighbor.distance = min(max(neighbor.distance / 2, 0), 2) }
                return neighbor
            }
        }
        var nearest = TopK(k)
        try index.vectors.rank(candidates, PreparedQuery(query, metric: index.metric), into: &nearest)
        trace.reranked += found
        trace.bytesRead += found * query.count * MemoryLayout<Float>.stride
        clock.mark(.refine, &trace)
        return nearest.sorted()
    }

    private func probe(_ scan: inout SegmentScan, _ keep: Int, _ trace: inout SearchTrace, _ clock: inout StageClock) {
        let partitions = scan.segment.index.partitionCount
        let wanted = min(probes ?? ProbeSchedule.automatic(partitions: partitions), partitions)
        scan.rank(wanted)
        clock.mark(.prepare, &trace)
        for rank in 0..<wanted { scan.scan(scan.partition(rank)) }
        // Where nobody has said how many, small partitions do not leave a search without its k rows.
        if probes == nil, scan.found < keep, wanted < partitions {
            scan.rank(partitions)
            var rank = wanted
            while rank < partitions, scan.found < keep {
                scan.scan(scan.partition(rank))
                rank += 1
            }
        }
        trace.partitions += partitions
        trace.probed += scan.probed
        trace.codesScanned += scan.codesScanned
        trace.bytesRead += scan.codesScanned * (scan.segment.index.codeBytes + MemoryLayout<Float>.stride)
        clock.mark(.scan, &trace)
    }
}
