// SPDX-License-Identifier: Apache-2.0

/// The exact search: compares one query with every row that it is shown and keeps the k nearest.
///
/// Rows that have no distance (`PreparedQuery.distance(to:)`) are passed over.
/// The result does not depend on how the rows are cut into calls, nor on the order of the calls.
/// For several threads, give each its own scanner and `merge` them.
package struct FlatScanner: Sendable {
    package let query: PreparedQuery
    package private(set) var nearest: TopK

    /// Enough rows that a block costs much more than a call and the loops' beginnings and ends; few enough that the
    /// results of a block (4 KiB) stay in the nearest cache. The rows are touched once and so set no limit.
    private static let blockRows = 512

    package init(query: [Float], metric: Metric, k: Int) {
        self.init(PreparedQuery(query, metric: metric), k: k)
    }

    package init(_ query: PreparedQuery, k: Int) {
        self.query = query
        nearest = TopK(k)
    }

    /// Compares with `count` rows that lie one after another and have the addresses from `firstAddress` on.
    ///
    /// `skipping` lists rows that must not be found (deleted, null) by the low 32 bits of their address, ascending: the
    /// deletion vector of a fragment as it stands. It may name rows outside of this run.
    package mutating func scan(
        rows: UnsafePointer<Float>, count: Int, firstAddress: UInt64, skipping: [UInt32] = []
    ) {
        // A query without components could only meet rows without components, which have no distance.
        guard query.dimension > 0, nearest.k > 0 else { return }
        var skipped = SkipCursor(skipping)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * Self.blockRows) { scratch in
            guard let distances = scratch.baseAddress else { return }
            var start = 0
            while start < count {
                let block = min(Self.blockRows, count - start)
                let blockStart = rows + start * query.dimension
                computeDistances(
                    rows: blockStart, count: block, into: distances, norms: distances + Self.blockRows)
                offer(
                    distances, rows: blockStart, count: block, firstAddress: firstAddress &+ UInt64(start), &skipped)
                start += block
            }
        }
    }

    package mutating func merge(_ other: FlatScanner) { nearest.merge(other.nearest) }

    /// The k nearest rows, nearest first; all rows when there are fewer.
    package func result() -> [Neighbor] { nearest.sorted() }

    /// Writes NaN for the rows that need a closer look.
    private func computeDistances(
        rows: UnsafePointer<Float>, count: Int, into distances: UnsafeMutablePointer<Float>,
        norms: UnsafeMutablePointer<Float>
    ) {
        let query = query
        query.vector.withUnsafeBufferPointer { vector in
            guard let vector = vector.baseAddress else { return }
            switch query.metric {
            case .cosine:
                VectorKernels.dotAndNormRows(
                    vector, rows: rows, count: count, dimension: query.dimension, dots: distances, norms: norms)
                for index in 0..<count {
                    distances[index] = query.cosineDistance(dot: distances[index], squaredNorm: norms[index])
                }
            case .l2:
                VectorKernels.squaredL2Rows(
                    vector, rows: rows, count: count, dimension: query.dimension, into: distances)
                for index in 0..<count { distances[index] = query.l2Distance(distances[index]) }
            case .dot:
                VectorKernels.dotRows(
                    vector, rows: rows, count: count, dimension: query.dimension, into: distances)
                for index in 0..<count { distances[index] = query.dotDistance(distances[index]) }
            }
        }
    }

    private mutating func offer(
        _ distances: UnsafePointer<Float>, rows: UnsafePointer<Float>, count: Int, firstAddress: UInt64,
        _ skipped: inout SkipCursor
    ) {
        for index in 0..<count {
            // Almost every row ends here. A tie goes on, because its address may win; so does NaN.
            if distances[index] > nearest.worst { continue }
            let address = firstAddress &+ UInt64(index)
            if skipped.contains(UInt32(truncatingIfNeeded: address)) { continue }
            if !distances[index].isNaN {
                nearest.insert(distance: distances[index], address: address)
            } else if let distance = query.carefulDistance(to: rows + index * query.dimension) {
                nearest.insert(distance: distance, address: address)
            }
        }
    }
}
