// SPDX-License-Identifier: Apache-2.0

extension LloydIterations {
    /// Moves the centroid of each empty cluster, and in a rehearsal of each poor one, to where the largest cluster is,
    /// which the two then divide. Returns how many it moved.
    ///
    /// Both centroids are put a little to either side of where the one was, along a line through one of its rows:
    /// for the other clusters hardly anything changes.
    ///
    /// Poor is less than a quarter of the average. Random first centroids leave some clusters that have a few rows
    /// only, which no later iteration mends, and others that a search reads for longer than it should. With the poor
    /// ones moved, clusters are more equal and the loss is smaller. With more of them moved, clusters are more equal
    /// still, but a search reads fewer rows in the same number of them, and finds less. The last part of a training
    /// moves empty clusters only: where the rows themselves are uneven, so are good clusters.
    mutating func refill(rehearsing: Bool) -> Int {
        let sizes = sizes.pointer
        let poor = rehearsing ? count / clusters / 4 : 0
        let wanting = (0..<clusters).filter { sizes[$0] <= poor }
        guard !wanting.isEmpty else { return 0 }
        var donors = divisibleClusters(largerThan: poor)
        var moved = 0
        for cluster in wanting {
            guard let donor = donors.indices.max(by: { donors[$0].isSmaller(than: donors[$1]) }) else { break }
            let half = donors[donor].size / 2
            // Divided once more it would be no better than this one.
            guard half > sizes[cluster] else { continue }
            separate(donors[donor].cluster, cluster, towards: donors[donor].rows[random.below(2)])
            donors[donor].size -= half
            moved += 1
        }
        return moved
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

    /// Clusters of more than `size` rows, of which at least two are not the same.
    private func divisibleClusters(largerThan size: Int) -> [Donor] {
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
        return (0..<clusters).filter { other[$0] >= 0 && sizes.pointer[$0] > size }.map {
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
