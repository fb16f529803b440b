// SPDX-License-Identifier: Apache-2.0
package import VectorMath

/// The memory that one query works in. Kept for the next query: allocating it anew would cost more than a probe.
package final class ScanScratch: @unchecked Sendable {
    // Unchecked: used by one query at a time.

    /// The query as the index compares it: of unit length for the cosine.
    var query = ScratchBuffer<Float>(capacity: 1024)
    /// Query less centroid.
    var residual = ScratchBuffer<Float>(capacity: 1024)
    /// The query in fixed point.
    var fixedQuery = ScratchBuffer<Int16>(capacity: 1024)
    /// Query times code words.
    var table = ScratchBuffer<Float>(capacity: 48 * 256)
    /// The same rounded down to bytes.
    var bytes = ScratchBuffer<UInt8>(capacity: 48 * 256)
    /// Distance of each partition's centroid.
    var centroidDistances = ScratchBuffer<Float>(capacity: 512)
    /// Partitions in the order in which they are probed.
    var order = ScratchBuffer<UInt32>(capacity: 512)
    /// Partitions whose distance has to be looked at again: it in the high half, in an order-preserving form.
    var doubtful = ScratchBuffer<UInt64>(capacity: 512)
    /// Rows kept so far: lower bound, number in the partition, partition.
    struct Places {
        var bounds: UnsafeMutablePointer<Float>
        var rows: UnsafeMutablePointer<UInt32>
        var partitions: UnsafeMutablePointer<UInt32>
        var capacity: Int

        /// Moves those of the first `count` with a bound of at most `limit` to the front; returns how many.
        func keep(_ count: Int, upTo limit: Float) -> Int {
            var kept = 0
            // Without a branch, which nobody could predict.
            for index in 0..<count {
                let bound = bounds[index]
                bounds[kept] = bound
                rows[kept] = rows[index]
                partitions[kept] = partitions[index]
                kept += bound <= limit ? 1 : 0
            }
            return kept
        }
    }

    private var bounds = ScratchBuffer<Float>(capacity: 1024)
    private var rows = ScratchBuffer<UInt32>(capacity: 1024)
    private var partitions = ScratchBuffer<UInt32>(capacity: 1024)
    var work = ScratchBuffer<Float>(capacity: 1024)
    /// Centroid times code words, for row terms; and row terms that another thread is computing at the same moment.
    var termTable = ScratchBuffer<Float>(capacity: 64)
    var spareTerms = ScratchBuffer<Float>(capacity: 64)
    /// The nearest by code so far, of all segments.
    package var neighbors = ScratchBuffer<Neighbor>(capacity: 256)

    package init() {}

    var places: Places {
        let capacity = min(bounds.capacity, min(rows.capacity, partitions.capacity))
        return Places(bounds: bounds.base, rows: rows.base, partitions: partitions.base, capacity: capacity)
    }

    /// Room for `count` rows, of which the first `kept` stay as they are.
    func grow(to count: Int, keeping kept: Int) -> Places {
        bounds.reserve(count, keeping: kept)
        rows.reserve(count, keeping: kept)
        partitions.reserve(count, keeping: kept)
        return places
    }
}
