// SPDX-License-Identifier: Apache-2.0
package import VectorMath

extension SegmentScan {
    /// Adds the nearest rows to `scratch.neighbors`, which holds `kept` of other segments, and leaves there the `keep`
    /// nearest of all, in no order. Returns how many there are.
    ///
    /// Distances are squared Euclidean ones for l2, between vectors of unit length for cosine, and 1 - q·x for dot.
    /// - Parameters:
    ///   - isChoice: only which rows are the nearest matters, not their distances; then those that are among them beyond
    ///     doubt get an estimate for a distance.
    ///   - first: told the first of the result's rows as soon as they are certain, before the others are looked at.
    package mutating func finish(
        kept: Int, isChoice: Bool, first known: (UnsafeBufferPointer<Neighbor>) -> Void = { _ in }
    ) -> Int {
        tighten()
        let neighbors = scratch.neighbors.reserve(kept + count, keeping: kept)
        for index in 0..<count { segment.prefetchID(Int(places.partitions[index]), Int(places.rows[index])) }
        // Rows of several segments compete with their distances.
        let isChoice = isChoice && kept == 0
        var taken = isChoice ? takeCertain(keep, uncertainty, into: neighbors) : 0
        known(UnsafeBufferPointer(start: neighbors, count: taken))
        if taken == keep { count = 0 }
        if count > keep - taken {
            look()
            let limit = border(of: places.bounds, count, keep - taken).above + 2 * slack
            if isChoice { taken += takeCertain(keep - taken, 2 * slack, into: neighbors + taken) }
            count = taken < keep ? places.keep(count, upTo: limit) : 0
            if isChoice, count <= keep - taken { taken += takeCertain(count, 0, into: neighbors + taken) }
        }
        resolved = count
        let first = kept + taken
        resolve(into: neighbors + first)
        selectSmallest(neighbors + taken, count: kept + count, keep - taken)
        return min(first + count, keep)
    }

    /// Moves rows that are among the nearest whatever their distance is between its bounds: those below the lower bound
    /// of the first row that is one too many.
    ///
    /// - Parameters:
    ///   - wanted: how many are to be found.
    ///   - uncertainty: how far a distance may be above its bound.
    private mutating func takeCertain(
        _ wanted: Int, _ uncertainty: Float, into neighbors: UnsafeMutablePointer<Neighbor>
    ) -> Int {
        let limit =
            count > wanted && wanted > 0 ? border(of: places.bounds, count, wanted).below - uncertainty : .infinity
        let places = places
        var (certain, left) = (0, 0)
        for index in 0..<count {
            let (bound, row, partition) = (places.bounds[index], places.rows[index], places.partitions[index])
            let isCertain = bound <= limit
            if isCertain {
                neighbors[certain] = Neighbor(distance: bound, address: segment.rowID(Int(partition), Int(row)))
            }
            places.bounds[left] = bound
            places.rows[left] = row
            places.partitions[left] = partition
            certain += isCertain ? 1 : 0
            left += isCertain ? 0 : 1
        }
        count = left
        return certain
    }

    /// Replaces the rows' bounds with their distances by the query's table.
    private func look() {
        let scale: Float = model.metric == .dot ? -1 : -2
        let places = places
        forEachPartition { partition, range in
            PQKernels.sumRows(
                segment.codes(partition), stride: segment.partitionCount(partition), subVectors: model.subVectors,
                bits: model.bits, table: table, rows: places.rows + range.lowerBound, count: range.count,
                into: places.bounds + range.lowerBound)
            let common = common(partition)
            let terms = terms(partition)
            for index in range {
                places.bounds[index] = common + terms[Int(places.rows[index])] + scale * places.bounds[index]
            }
        }
    }

    /// The rows with their distances in full.
    private func resolve(into neighbors: UnsafeMutablePointer<Neighbor>) {
        let distances = scratch.work.reserve(count)
        let places = places
        forEachPartition { partition, range in
            distance(
                partition, places.rows + range.lowerBound, range.count, into: distances + range.lowerBound)
            for index in range {
                neighbors[index] = Neighbor(
                    distance: distances[index], address: segment.rowID(partition, Int(places.rows[index])))
            }
        }
    }

    /// Rows of a partition stand next to each other.
    @inline(__always)
    private func forEachPartition(_ body: (_ partition: Int, _ rows: Range<Int>) -> Void) {
        var start = 0
        while start < count {
            let partition = places.partitions[start]
            var end = start + 1
            while end < count, places.partitions[end] == partition { end += 1 }
            body(Int(partition), start..<end)
            start = end
        }
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
