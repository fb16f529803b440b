// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import LanceIndex
import LanceTable
package import VectorMath

/// Searches the index of a column: probes the nearest partitions of every segment, and compares the best candidates of
/// all of them exactly where that is asked for.
package struct IndexedSearch: Sendable {
    let index: VectorIndex
    private let k: Int
    private let probes: Int?
    /// What the best by code are compared with exactly; nil where they are not.
    private let vectors: VectorCells?
    /// Rows to find by code.
    private let keep: Int
    /// Texts that will be needed of the best, where vectors must be fetched: where those of all candidates are is asked for
    /// at the same time.
    var texts: RowTexts?

    /// - Parameters:
    ///   - probes: partitions of each segment; nil chooses.
    ///   - refineFactor: candidates for each of the k hits that are compared exactly; nil compares none, unless there are
    ///     rows outside the index to compete with.
    package init(_ index: VectorIndex, k: Int, probes: Int?, refineFactor: Int?) async throws {
        self.index = index
        self.k = k
        self.probes = probes
        vectors = Self.isExact(index, refineFactor) ? try await index.vectors() : nil
        keep = Self.candidates(index, k, refineFactor)
    }

    /// What it compares with is in memory or mapped: nothing throws `MissingBytes`.
    var isInMemory: Bool { vectors?.isInMemory ?? true }

    /// Whether distances are exact, even without a refine factor: where they are to be compared with others that are.
    private static func isExact(_ index: VectorIndex, _ refineFactor: Int?) -> Bool {
        refineFactor != nil || !index.tail.isEmpty
    }

    private static func candidates(_ index: VectorIndex, _ k: Int, _ refineFactor: Int?) -> Int {
        let (wide, overflow) = k.multipliedReportingOverflow(by: refineFactor ?? 1)
        let copies = index.segments.reduce(1) { max($0, $1.copies) }
        let (all, isMore) = wide.multipliedReportingOverflow(by: copies)
        return min(overflow || isMore ? Int.max : all, index.segments.reduce(0) { $0 + $1.index.rowCount })
    }

    /// About how many bytes of codes and vectors a search looks at; infinite where it is the first that needs vectors.
    static func bytes(_ index: VectorIndex, _ query: Searcher.Query) -> Double {
        let keep = Double(candidates(index, query.k, query.refineFactor))
        var bytes = 0.0
        for segment in index.segments.lazy.map(\.index) where segment.partitionCount > 0 {
            let part = Double(wanted(segment, query.probes)) / Double(segment.partitionCount)
            let rows = part * Double(segment.rowCount)
            bytes += max(rows, query.probes == nil ? keep : 0) * Double(segment.codeBytes)
        }
        guard isExact(index, query.refineFactor) else { return bytes }
        guard index.knownVectors != nil else { return .infinity }
        return bytes + keep * Double(query.vector.count * MemoryLayout<Float>.stride)
    }

    /// The nearest of the rows that the index covers, nearest first; nil where the codes cannot tell because the
    /// query's numbers are too large.
    ///
    /// Where the index does not cover all rows, distances are exact. Else, without a refine factor, they are those of
    /// the codes, for the cosine turned from squared distances of unit vectors into cosine distances.
    /// - Parameter query: finite, not zero for the cosine; the caller has checked.
    package func nearest(
        _ query: [Float], scratch: ScanScratch, trace: inout SearchTrace, clock: inout StageClock
    ) throws -> [Neighbor]? {
        guard keep > 0 else { return [] }
        var (found, asked) = (0, 0)
        for segment in index.segments {
            guard var scan = begin(segment, query, kept: found, scratch) else { return nil }
            let wanted = wanted(segment)
            scan.rank(wanted)
            clock.mark(.prepare, &trace)
            for rank in 0..<wanted {
                try Self.checkCancellation(rank)
                scan.scan(scan.partition(rank), next: rank + 1 < wanted ? scan.partition(rank + 1) : nil)
            }
            try extend(&scan)
            count(scan, &trace)
            clock.mark(.scan, &trace)
            found = finish(&scan, kept: found, asked: &asked, &trace)
            clock.mark(.resolve, &trace)
        }
        let nearest = try result(query, found, asked: asked, scratch, &trace)
        if vectors != nil { clock.mark(.refine, &trace) }
        return nearest
    }

    /// Asks seldom enough that it costs nothing beside the scan.
    @inline(__always)
    private static func checkCancellation(_ rank: Int) throws {
        if rank % 16 == 0 { try Task.checkCancellation() }
    }

    // The steps of a search, which a search of many queries does in another order.

    func begin(_ segment: LiveSegment, _ query: [Float], kept: Int, _ scratch: ScanScratch) -> SegmentScan? {
        SegmentScan(segment, query: query, keep: keep, kept: kept, scratch: scratch)
    }

    /// How many partitions of a segment are probed.
    func wanted(_ segment: LiveSegment) -> Int { Self.wanted(segment.index, probes) }

    private static func wanted(_ index: IVFPQIndex, _ probes: Int?) -> Int {
        let partitions = index.partitionCount
        return min(probes ?? ProbeSchedule.automatic(partitions: partitions), partitions)
    }

    /// Where nobody has said how many partitions to probe, small ones do not leave a search without its k rows.
    func extend(_ scan: inout SegmentScan) throws {
        let partitions = scan.segment.index.partitionCount
        var rank = wanted(scan.segment)
        guard probes == nil, scan.found < keep, rank < partitions else { return }
        // The partitions probed so far stay where they are.
        scan.rankAll(after: rank)
        while rank < partitions, scan.found < keep {
            try Self.checkCancellation(rank)
            scan.scan(scan.partition(rank))
            rank += 1
        }
    }

    func count(_ scan: SegmentScan, _ trace: inout SearchTrace) {
        let partitions = scan.segment.index.partitionCount
        trace.partitions += partitions
        trace.largestSegment = max(trace.largestSegment, partitions)
        trace.scheduled = max(trace.scheduled, wanted(scan.segment))
        trace.probed += scan.probed
        trace.codesScanned += scan.codesScanned
        trace.bytesRead += scan.codesScanned * (scan.segment.index.codeBytes + MemoryLayout<Float>.stride)
    }

    /// Adds what a segment found to `scratch.neighbors`, which has `kept` of other segments. Returns how many there are.
    ///
    /// - Parameter asked: of how many, from the first on, the vectors are on their way from memory when this returns;
    ///   nil asks for none.
    func finish(
        _ scan: inout SegmentScan, kept: Int, asked: UnsafeMutablePointer<Int>? = nil, _ trace: inout SearchTrace
    ) -> Int {
        // Which rows are the nearest by code is all that matters where they are compared exactly afterwards.
        let isChoice = vectors != nil && index.segments.count == 1
        let found = scan.finish(kept: kept, isChoice: isChoice) { first in
            guard let asked, let vectors else { return }
            vectors.prefetch(first)
            asked.pointee = first.count
        }
        trace.resolved += scan.resolved
        return found
    }

    /// Leaves each row once among the first `count`, by the nearest of its codes. Returns how many are left.
    private func distinct(_ neighbors: UnsafeMutablePointer<Neighbor>, _ count: Int) -> Int {
        guard index.segments.contains(where: { $0.copies > 1 }) else { return count }
        var known = Set<UInt64>()
        var kept = 0
        for neighbor in UnsafeBufferPointer(start: neighbors, count: count).sorted()
        where known.insert(neighbor.address).inserted {
            neighbors[kept] = neighbor
            kept += 1
        }
        return kept
    }

    func result(
        _ query: [Float], _ found: Int, asked: Int, _ scratch: ScanScratch, _ trace: inout SearchTrace
    ) throws -> [Neighbor] {
        let found = distinct(scratch.neighbors.base, found)
        let candidates = UnsafeBufferPointer(start: scratch.neighbors.base, count: found)
        guard let vectors else {
            return candidates.sorted().prefix(k).map { neighbor in
                var neighbor = neighbor
                if index.metric == .cosine { neighbor.distance = min(max(neighbor.distance / 2, 0), 2) }
                return neighbor
            }
        }
        var nearest = TopK(k)
        do {
            try vectors.rank(
                candidates, asked: asked, PreparedQuery(query, metric: index.metric), into: &nearest)
        } catch var missing as MissingBytes {
            missing.add(missedBy: {
                _ = try texts?.textsHere(at: candidates.map { RowAddress(rawValue: $0.address) })
            })
            throw missing
        }
        trace.reranked += found
        trace.bytesRead += found * query.count * MemoryLayout<Float>.stride
        return nearest.sorted()
    }
}
