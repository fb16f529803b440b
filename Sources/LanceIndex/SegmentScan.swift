// SPDX-License-Identifier: Apache-2.0
import VectorMath

/// One query against the codes of one segment: which partitions to probe, and the nearest rows by code.
///
/// The distance of a row's code is |q - c - r|² = |q - c|² + (|r|² + 2 c·r) - 2 q·r for the query q, the partition's
/// centroid c and the row's residual r. The first part is one number a partition, the second one number a row that no
/// query changes (`LiveSegment`), the third a sum over a table that is the same for all partitions. That table is
/// rounded down to bytes, so that the sum becomes a lower bound which the processor computes for 64 rows at a time.
/// Only rows whose bound does not rule them out get their distance computed in full, straight from the code words: the
/// result is that of computing all distances in full.
///
/// A dot product has no residual: the distance is 1 - q·r.
package struct SegmentScan {
    package let segment: LiveSegment
    private let model: ScanModel
    private let scratch: ScanScratch
    /// How many rows to find.
    private let keep: Int

    private var step: Float = 1
    private var bias: Float = 0
    private let slack: Float
    /// No row's distance is more than this above its bound.
    private let uncertainty: Float
    /// Rows whose bound is above cannot be among the nearest.
    private var threshold: Float
    private var count = 0

    package private(set) var probed = 0
    package private(set) var codesScanned = 0
    /// Rows whose distance had to be computed in full.
    package private(set) var resolved = 0

    /// Prepares the query's table.
    ///
    /// - Parameters:
    ///   - query: as given by the user; finite, not zero for the cosine.
    ///   - kept: how many neighbours of other segments `scratch.neighbors` holds.
    /// - Returns: nil where the numbers are so large that their squares leave single precision: codes say nothing then.
    package init?(_ segment: LiveSegment, query: [Float], keep: Int, kept: Int, scratch: ScanScratch) {
        self.segment = segment
        self.keep = keep
        self.scratch = scratch
        model = segment.model
        let dimension = model.dimension
        let own = scratch.query.reserve(dimension)
        let squared = query.reduce(0.0) { $0 + Double($1) * Double($1) }
        let scale = model.metric == .cosine ? 1 / squared.squareRoot() : 1
        for index in 0..<dimension { own[index] = Float(Double(query[index]) * scale) }
        slack = model.slack(queryNorm: Float(squared.squareRoot() * scale))
        guard slack.isFinite else { return nil }
        let table = scratch.table.reserve(model.subVectors * model.codewords)
        let bytes = scratch.bytes.reserve(model.subVectors * model.codewords)
        PQKernels.dotTable(
            own, words: model.words.base, subVectors: model.subVectors, width: model.width, codewords: model.codewords,
            into: table)
        let meaning = PQKernels.quantize(
            table, scale: model.metric == .dot ? -1 : -2, subVectors: model.subVectors, codewords: model.codewords,
            into: bytes)
        step = meaning.step
        bias = meaning.bias
        uncertainty = step * Float(model.subVectors) + 2 * slack
        guard bias.isFinite, uncertainty.isFinite else { return nil }
        threshold = .infinity
        if kept >= keep {
            threshold = -.infinity
            for index in 0..<kept { threshold = max(threshold, scratch.neighbors.base[index].distance) }
        }
    }

    // MARK: Probing

    /// Sorts the `n` partitions that are nearest to the query to the front.
    package func rank(_ n: Int) {
        let partitions = model.partitionCount
        let distances = scratch.centroidDistances.reserve(partitions)
        let order = scratch.order.reserve(partitions)
        if model.metric == .dot {
            VectorKernels.dotRows(
                scratch.query.base, rows: model.centroids.base, count: partitions, dimension: model.dimension,
                into: distances)
            for p in 0..<partitions { distances[p] = 1 - distances[p] }
        } else {
            VectorKernels.squaredL2Rows(
                scratch.query.base, rows: model.centroids.base, count: partitions, dimension: model.dimension,
                into: distances)
        }
        for p in 0..<partitions {
            // Ascending as integers: flip all bits of negative numbers, the sign of the others.
            let bits = distances[p].bitPattern
            let key = bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
            order[p] = UInt64(key) << 32 | UInt64(p)
        }
        selectSmallest(order, count: partitions, n)
        var nearest = UnsafeMutableBufferPointer(start: order, count: min(n, partitions))
        nearest.sort()
    }

    /// Partition number `rank` by distance, once `rank(_:)` has put it in its place.
    package func partition(_ rank: Int) -> Int { Int(truncatingIfNeeded: scratch.order.base[rank] & 0xffff_ffff) }

    /// Compares the query with all rows of a partition.
    package mutating func scan(_ partition: Int) {
        probed += 1
        let rows = segment.partitionCount(partition)
        guard rows > 0 else { return }
        codesScanned += rows
        let codes = segment.codes(partition)
        let terms = segment.terms(
            of: partition, codes: codes, table: scratch.table.base, spare: &scratch.spareTerms)
        let origin = model.metric == .dot ? 1 : scratch.centroidDistances.base[partition]
        let bounds = scratch.bounds.reserve(count + rows, keeping: count) + count
        let numbers = scratch.rows.reserve(count + rows, keeping: count) + count
        let selected: Int
        if model.bits == 4 {
            selected = PQKernels.select4(
                codes, stride: rows, count: rows, subVectors: model.subVectors, bytes: scratch.bytes.base,
                terms: terms, constant: origin + bias - slack, step: step, threshold: threshold, rows: numbers,
                bounds: bounds)
        } else {
            selected = PQKernels.select8(
                codes, stride: rows, count: rows, subVectors: model.subVectors, bytes: scratch.bytes.base,
                terms: terms, constant: origin + bias - slack, step: step, threshold: threshold, rows: numbers,
                bounds: bounds)
        }
        let partitions = scratch.partitions.reserve(count + selected, keeping: count) + count
        partitions.update(repeating: UInt32(truncatingIfNeeded: partition), count: selected)
        count += selected
        // Often enough that the threshold follows, seldom enough that it costs little.
        if count > keep + max(keep / 2, 32) { tighten() }
    }

    /// Rows found so far, at least as many as there are up to `keep`.
    package var found: Int { count }

    /// Lowers the threshold to what the kept rows prove, and drops those above it.
    private mutating func tighten() {
        guard count > keep else { return }
        let bounds = scratch.bounds.base
        let work = scratch.work.reserve(count)
        work.update(from: bounds, count: count)
        selectSmallest(work, count: count, keep)
        var worst = -Float.infinity
        for index in 0..<keep { worst = max(worst, work[index]) }
        // `keep` rows have a distance of at most this.
        threshold = min(threshold, worst + uncertainty)
        let rows = scratch.rows.base
        let partitions = scratch.partitions.base
        var kept = 0
        for index in 0..<count where bounds[index] <= threshold {
            bounds[kept] = bounds[index]
            rows[kept] = rows[index]
            partitions[kept] = partitions[index]
            kept += 1
        }
        count = kept
    }

    // MARK: Results

    /// Adds the nearest rows to `scratch.neighbors`, which holds `kept` of other segments, and leaves there the `keep`
    /// nearest of all, in no order. Returns how many there are.
    ///
    /// Distances are squared Euclidean ones for l2, between vectors of unit length for cosine, and 1 - q·x for dot.
    package mutating func finish(kept: Int) -> Int {
        tighten()
        resolved = count
        let neighbors = scratch.neighbors.reserve(kept + count, keeping: kept)
        let distances = scratch.work.reserve(count)
        let rows = scratch.rows.base
        let partitions = scratch.partitions.base
        var start = 0
        while start < count {
            // Rows of a partition stand next to each other.
            let partition = Int(partitions[start])
            var end = start + 1
            while end < count, Int(partitions[end]) == partition { end += 1 }
            distance(partition, rows + start, end - start, into: distances + start)
            for index in start..<end {
                neighbors[kept + index] = Neighbor(
                    distance: distances[index], address: segment.rowID(partition, Int(rows[index])))
            }
            start = end
        }
        selectSmallest(neighbors, count: kept + count, keep)
        return min(kept + count, keep)
    }

    /// The distances of some rows of a partition in full.
    private func distance(
        _ partition: Int, _ rows: UnsafePointer<UInt32>, _ count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        let codes = segment.codes(partition)
        let stride = segment.partitionCount(partition)
        let query = scratch.query.base
        if model.metric == .dot {
            PQKernels.dotRows(
                query, codebook: model.codebook.base, subVectors: model.subVectors, width: model.width,
                bits: model.bits, codes: codes, stride: stride, rows: rows, count: count, into: distances)
            for index in 0..<count { distances[index] = 1 - distances[index] }
            return
        }
        let residual = scratch.residual.reserve(model.dimension)
        let centroid = model.centroid(partition)
        for index in 0..<model.dimension { residual[index] = query[index] - centroid[index] }
        PQKernels.squaredL2Rows(
            residual, codebook: model.codebook.base, subVectors: model.subVectors, width: model.width,
            bits: model.bits, codes: codes, stride: stride, rows: rows, count: count, into: distances)
    }
}
