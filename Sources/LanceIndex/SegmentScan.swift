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
    private let queryNorm: Float
    /// How far an estimate in `centroidDistances` may be from the distance.
    private let centroidError: Float
    private let slack: Float
    /// No row's distance is more than this above its bound.
    private let uncertainty: Float
    /// Rows whose bound is above cannot be among the nearest.
    private var threshold: Float
    private var count = 0
    // Where the scratch has them, so that a partition's scan does not have to ask it.
    private let bytes: UnsafeMutablePointer<UInt8>
    private let centroidDistances: UnsafeMutablePointer<Float>
    private var places: ScanScratch.Places

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
        queryNorm = Float(squared.squareRoot() * scale)
        centroidError = model.centroidError(queryNorm: queryNorm)
        slack =
            model.slack(queryNorm: queryNorm) + model.tableError(queryNorm: queryNorm)
            + (model.metric == .dot ? 0 : centroidError)
        guard slack.isFinite else { return nil }
        let table = scratch.table.reserve(model.roughWords.resultCount)
        bytes = scratch.bytes.reserve(model.roughWords.resultCount)
        centroidDistances = scratch.centroidDistances.reserve(model.roughCentroids.resultCount)
        places = scratch.places
        model.roughWords.dots(own, step: model.width, into: table)
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

    /// Puts the `n` partitions that are nearest to the query to the front of the order, the nearest of them first.
    ///
    /// Estimates decide wherever their error leaves no doubt; the few partitions around the n-th are compared in full.
    package func rank(_ n: Int) {
        let partitions = model.partitionCount
        let distances = centroidDistances
        let order = scratch.order.reserve(partitions)
        model.roughCentroids.dots(scratch.query.base, step: 0, into: distances)
        if model.metric == .dot {
            for p in 0..<partitions { distances[p] = 1 - distances[p] }
        } else {
            let norms = model.centroidNorms.base
            let own = queryNorm * queryNorm
            for p in 0..<partitions { distances[p] = own + norms[p] - 2 * distances[p] }
        }
        for p in 0..<partitions { order[p] = Self.key(distances[p], p) }
        if n < partitions {
            selectSmallest(order, count: partitions, n)
            settle(n, order, distances)
        }
        // The first partitions make the threshold; after them the order does not matter.
        let sorted = min(n, Self.sortedPartitions)
        selectSmallest(order, count: min(n, partitions), sorted)
        var nearest = UnsafeMutableBufferPointer(start: order, count: min(sorted, partitions))
        nearest.sort()
    }

    private static let sortedPartitions = 16

    /// Puts all partitions in order behind the first `n`, which stay where `rank(_:)` has put them.
    package func rankAll(after n: Int) {
        var rest = UnsafeMutableBufferPointer(start: scratch.order.base + n, count: model.partitionCount - n)
        // `rank(_:)` may have left estimates and exact distances mixed, and some partitions out of this part.
        var seen = [Bool](repeating: false, count: model.partitionCount)
        for index in 0..<n { seen[partition(index)] = true }
        var next = 0
        for p in 0..<model.partitionCount where !seen[p] {
            rest[next] = Self.key(centroidDistances[p], p)
            next += 1
        }
        rest.sort()
    }

    /// A partition with its distance above it: ascending as integers. All bits of a negative number are flipped, of
    /// others the sign.
    @inline(__always)
    private static func key(_ distance: Float, _ partition: Int) -> UInt64 {
        let bits = distance.bitPattern
        return UInt64(bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits) << 32 | UInt64(partition)
    }

    /// Corrects a choice of `n` by estimates: those whose estimate is so near to the n-th that either may be nearer
    /// are compared in full, and the best of them chosen.
    private func settle(_ n: Int, _ order: UnsafeMutablePointer<UInt64>, _ distances: UnsafeMutablePointer<Float>) {
        let partitions = model.partitionCount
        var farthest: UInt64 = 0
        for index in 0..<n { farthest = max(farthest, order[index]) }
        let border = distances[Int(farthest & 0xffff_ffff)]
        let doubt = 2 * centroidError
        guard border.isFinite, doubt.isFinite else { return }
        var certain = 0
        var doubtful = 0
        for index in 0..<n where distances[Int(order[index] & 0xffff_ffff)] < border - doubt { certain += 1 }
        for p in 0..<partitions where abs(distances[p] - border) <= doubt { doubtful += 1 }
        guard certain + doubtful > n else { return }
        // Certain ones first, then the doubtful with their distances in full.
        var next = 0
        var last = certain
        for p in 0..<partitions {
            if distances[p] < border - doubt {
                order[next] = Self.key(distances[p], p)
                next += 1
            } else if distances[p] <= border + doubt {
                order[last] = Self.key(exactDistance(p), p)
                last += 1
            }
        }
        selectSmallest(order + certain, count: last - certain, n - certain)
    }

    private func exactDistance(_ partition: Int) -> Float {
        let centroid = model.centroid(partition)
        return model.metric == .dot
            ? 1 - VectorKernels.dot(scratch.query.base, centroid, dimension: model.dimension)
            : VectorKernels.squaredL2(scratch.query.base, centroid, dimension: model.dimension)
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
        let terms =
            segment.readyTerms(of: partition)
            ?? segment.makeTerms(of: partition, table: scratch.table.base, spare: &scratch.spareTerms)
        let constant = (model.metric == .dot ? 1 : centroidDistances[partition]) + bias - slack
        if count + rows > places.capacity { places = scratch.grow(to: count + rows, keeping: count) }
        let selected =
            model.bits == 4
            ? PQKernels.select4(
                codes, stride: rows, count: rows, subVectors: model.subVectors, bytes: bytes, terms: terms,
                constant: constant, step: step, threshold: threshold, rows: places.rows + count,
                bounds: places.bounds + count)
            : PQKernels.select8(
                codes, stride: rows, count: rows, subVectors: model.subVectors, bytes: bytes, terms: terms,
                constant: constant, step: step, threshold: threshold, rows: places.rows + count,
                bounds: places.bounds + count)
        (places.partitions + count).update(repeating: UInt32(truncatingIfNeeded: partition), count: selected)
        count += selected
        // Often enough that the threshold follows, seldom enough that it costs little.
        if count > keep + max(keep, 64) { tighten() }
    }

    /// Rows found so far, at least as many as there are up to `keep`.
    package var found: Int { count }

    /// Lowers the threshold to what the kept rows prove, and drops those above it.
    private mutating func tighten() {
        guard count > keep else { return }
        let bounds = places.bounds
        // At least `keep` rows have a distance of at most this.
        threshold = min(threshold, border(of: bounds, count, keep).above + uncertainty)
        let rows = places.rows
        let partitions = places.partitions
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
    /// - Parameter isChoice: only which rows are the nearest matters, not their distances; then those that are among
    ///   them beyond doubt get their bound for a distance.
    package mutating func finish(kept: Int, isChoice: Bool) -> Int {
        tighten()
        let neighbors = scratch.neighbors.reserve(kept + count, keeping: kept)
        let certain = isChoice && kept == 0 ? takeCertain(neighbors) : 0
        resolved = count
        let distances = scratch.work.reserve(count)
        let rows = places.rows
        let partitions = places.partitions
        let first = kept + certain
        var start = 0
        while start < count {
            // Rows of a partition stand next to each other.
            let partition = Int(partitions[start])
            var end = start + 1
            while end < count, Int(partitions[end]) == partition { end += 1 }
            distance(partition, rows + start, end - start, into: distances + start)
            for index in start..<end {
                neighbors[first + index] = Neighbor(
                    distance: distances[index], address: segment.rowID(partition, Int(rows[index])))
            }
            start = end
        }
        selectSmallest(neighbors + certain, count: kept + count, keep - certain)
        return min(first + count, keep)
    }

    /// Moves rows that are among the `keep` nearest whatever their distance is between its bounds: those below the
    /// lower bound of the first row that is one too many.
    private mutating func takeCertain(_ neighbors: UnsafeMutablePointer<Neighbor>) -> Int {
        let bounds = places.bounds
        let rows = places.rows
        let partitions = places.partitions
        var limit = Float.infinity
        if count > keep { limit = border(of: bounds, count, keep + 1).below - uncertainty }
        var certain = 0
        var left = 0
        for index in 0..<count {
            if bounds[index] <= limit {
                let address = segment.rowID(Int(partitions[index]), Int(rows[index]))
                neighbors[certain] = Neighbor(distance: bounds[index], address: address)
                certain += 1
            } else {
                bounds[left] = bounds[index]
                rows[left] = rows[index]
                partitions[left] = partitions[index]
                left += 1
            }
        }
        count = left
        return certain
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
