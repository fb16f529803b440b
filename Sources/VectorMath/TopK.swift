// SPDX-License-Identifier: Apache-2.0
import HeapModule

/// The `k` nearest of all the neighbours that were offered.
package struct TopK: Sendable {
    package let k: Int
    private var heap = Heap<Neighbor>()

    /// No neighbour farther than this can get in any more: the k-th best distance, +infinity while there is room, and
    /// -infinity when k is 0.
    ///
    /// A scan loop skips on `distance > worst`, which keeps ties (the address decides) and NaN for a closer look.
    package private(set) var worst: Float

    /// A negative `k` counts as 0. Memory follows what is inserted, not `k`.
    package init(_ k: Int) {
        self.k = max(k, 0)
        worst = k > 0 ? .infinity : -.infinity
    }

    package var count: Int { heap.count }

    /// Keeps the neighbour if it is among the k nearest so far. A distance that is not finite is never kept.
    package mutating func insert(distance: Float, address: UInt64) {
        guard distance.isFinite, distance <= worst else { return }
        let neighbor = Neighbor(distance: distance, address: address)
        if heap.count < k {
            heap.insert(neighbor)
            guard heap.count == k else { return }
        } else {
            guard let farthest = heap.max, neighbor < farthest else { return }
            heap.replaceMax(with: neighbor)
        }
        if let farthest = heap.max { worst = farthest.distance }
    }

    /// Offers everything that `other` holds.
    package mutating func merge(_ other: TopK) {
        for neighbor in other.heap.unordered {
            insert(distance: neighbor.distance, address: neighbor.address)
        }
    }

    /// Nearest first.
    package func sorted() -> [Neighbor] { heap.unordered.sorted() }
}
