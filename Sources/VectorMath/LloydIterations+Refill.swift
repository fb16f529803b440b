// SPDX-License-Identifier: Apache-2.0

package nonisolated(unsafe) var KM_FEW = 0.0
extension LloydIterations {
    /// Gives each empty cluster half of the rows of the largest that can be divided, and returns how many it could.
    ///
    /// Both centroids are put a little to either side of where the one was, along a line through one of its rows:
    /// between them the rows divide, and for the rest of the centroids hardly anything changes.
    mutating func refillEmptyClusters() -> Int {
        let sizes = sizes.pointer
        let few = Int(KM_FEW * Double(count) / Double(clusters))
        let empty = (0..<clusters).filter { sizes[$0] <= (chosen == nil ? 0 : few) }
        guard !empty.isEmpty else { return 0 }
        var donors = divisibleClusters()
        var refilled = 0
        for cluster in empty {
            guard let donor = donors.indices.max(by: { donors[$0].isSmaller(than: donors[$1]) }) else { break }
            let half = donors[donor].size / 2
            separate(donors[donor].cluster, cluster, towards: donors[donor].rows[random.below(2)])
            donors[donor].size -= half
            refilled += 1
            if donors[donor].size < 2 { donors.remove(at: donor) }
        }
        return refilled
    }

    private struct Donor {
        var cluster: Int
        var size: Int
        /// Two rows that differ.
        var rows: [Int]

        func isSmaller(than other: Donor) -> Bool {
            size == other.size ? cluster > other.cluster : size < other.size
        }
    }

    /// Clusters with at least two rows that are not the same.
    private func divisibleClusters() -> [Donor] {
        var first = [Int](repeating: -1, count: clusters)
        var other = [Int](repeating: -1, count: clusters)
        for index in 0..<count {
            let number = nearest.pointer[index]
            guard number != Self.noCluster else { continue }
            let cluster = Int(number)
            if first[cluster] < 0 {
                first[cluster] = index
            } else if other[cluster] < 0 && differ(row(index), row(first[cluster])) {
                other[cluster] = index
            }
        }
        return (0..<clusters).filter { other[$0] >= 0 }.map {
            Donor(cluster: $0, size: sizes.pointer[$0], rows: [first[$0], other[$0]])
        }
    }

    private func differ(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Bool {
        for component in 0..<dimension where a[component] != b[component] { return true }
        return false
    }

    private func separate(_ cluster: Int, _ empty: Int, towards index: Int) {
        let centroid = centroids.pointer + cluster * dimension
        let twin = centroids.pointer + empty * dimension
        let row = row(index)
        for component in 0..<dimension {
            let step = (row[component] - centroid[component]) / 16
            twin[component] = centroid[component] + step
            centroid[component] -= step
        }
        if kmeans.metric == .dot {
            normalize(centroid)
            normalize(twin)
        }
    }
}
