// SPDX-License-Identifier: Apache-2.0
import VectorMath

extension SegmentScan {
    /// The first partitions make the threshold; after them the order does not matter.
    private static let sortedPartitions = 8

    /// Puts the `n` partitions that are nearest to the query to the front of the order, the nearest of them first.
    ///
    /// Estimates decide wherever their error leaves no doubt; the few partitions around the n-th are compared in full.
    package func rank(_ n: Int) {
        let partitions = model.partitionCount
        let distances = centroidDistances
        model.roughCentroids.dots(query, isByPart: false, into: distances)
        if model.metric == .dot {
            for p in 0..<partitions { distances[p] = 1 - distances[p] }
        } else {
            let norms = model.centroidNorms.base
            let own = queryNorm * queryNorm
            for p in 0..<partitions { distances[p] = own + norms[p] - 2 * distances[p] }
        }
        guard n > 0 else { return }
        if n < partitions {
            choose(n)
        } else {
            for p in 0..<partitions { order[p] = UInt32(truncatingIfNeeded: p) }
        }
        sortFirst(min(n, partitions))
    }

    private func choose(_ n: Int) {
        let distances = centroidDistances
        let partitions = model.partitionCount
        let doubtful = scratch.doubtful.reserve(partitions)
        let doubt = 2 * centroidError
        let (below, above) = border(of: distances, partitions, n)
        var (certain, unclear) = (0, 0)
        for p in 0..<partitions {
            // At most n estimates are that small, so no n others can be nearer.
            let isCertain = distances[p] + doubt <= below
            order[certain] = UInt32(truncatingIfNeeded: p)
            certain += isCertain ? 1 : 0
            // At least n others are nearer than those beyond.
            let isUnclear = !isCertain && distances[p] - doubt <= above
            doubtful[unclear] = UInt64(truncatingIfNeeded: p)
            unclear += isUnclear ? 1 : 0
        }
        if certain + unclear > n {
            for index in 0..<unclear {
                let p = Int(truncatingIfNeeded: doubtful[index])
                doubtful[index] = Self.key(exactDistance(p), p)
            }
            selectSmallest(doubtful, count: unclear, n - certain)
        }
        for index in 0..<(n - certain) { order[certain + index] = UInt32(truncatingIfNeeded: doubtful[index]) }
    }

    /// Moves the nearest few of the first `n` to the front, in order.
    private func sortFirst(_ n: Int) {
        let keys = scratch.doubtful.reserve(n)
        for index in 0..<n { keys[index] = Self.key(centroidDistances[Int(order[index])], Int(order[index])) }
        let first = min(n, Self.sortedPartitions)
        selectSmallest(keys, count: n, first)
        var nearest = UnsafeMutableBufferPointer(start: keys, count: first)
        nearest.sort()
        for index in 0..<n { order[index] = UInt32(truncatingIfNeeded: keys[index]) }
    }

    /// Puts all partitions in order behind the first `n`, which stay where `rank(_:)` has put them.
    package func rankAll(after n: Int) {
        let keys = scratch.doubtful.reserve(model.partitionCount)
        var seen = [Bool](repeating: false, count: model.partitionCount)
        for index in 0..<n { seen[partition(index)] = true }
        var next = 0
        for p in 0..<model.partitionCount where !seen[p] {
            keys[next] = Self.key(centroidDistances[p], p)
            next += 1
        }
        var rest = UnsafeMutableBufferPointer(start: keys, count: next)
        rest.sort()
        for index in 0..<next { order[n + index] = UInt32(truncatingIfNeeded: keys[index]) }
    }

    /// Partition number `rank` by distance, once `rank(_:)` has put it in its place.
    package func partition(_ rank: Int) -> Int { Int(order[rank]) }

    /// A partition with its distance above it: ascending as integers. All bits of a negative number are flipped, of
    /// others the sign.
    @inline(__always)
    private static func key(_ distance: Float, _ partition: Int) -> UInt64 {
        let bits = distance.bitPattern
        return UInt64(bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits) << 32 | UInt64(truncatingIfNeeded: partition)
    }

    private func exactDistance(_ partition: Int) -> Float {
        let centroid = model.centroid(partition)
        return model.metric == .dot
            ? 1 - VectorKernels.dot(scratch.query.base, centroid, dimension: model.dimension)
            : VectorKernels.squaredL2(scratch.query.base, centroid, dimension: model.dimension)
    }
}
