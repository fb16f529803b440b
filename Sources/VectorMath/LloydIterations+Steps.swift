// SPDX-License-Identifier: Apache-2.0

extension LloydIterations {
    /// Rows that a thread takes at a time: whole tiles of the kernels, about a millisecond's work, and no more than
    /// stay in the second-level cache.
    private var blockRows: Int {
        let tile = 12
        let work = max(clusters * dimension, 1)
        let rows = min((64 << 20) / work, (64 << 10) / max(dimension, 1), 8192)
        return max(rows / tile * tile, tile)
    }

    private struct Scratch {
        var rows: AlignedBuffer<Float>
        var scores: AlignedBuffer<Float>
    }

    /// Finds the nearest centroid of each row in use, and returns the sum of their scores.
    func assign() -> Double {
        let packed = PackedCentroids(
            centroids.pointer, count: clusters, dimension: dimension, metric: kmeans.metric)
        return sumOverBlocks { range, scratch in
            let block = gather(range, into: scratch.rows)
            let numbers = nearest.pointer + range.lowerBound
            let scores = scratch.scores.pointer
            packed.assign(rows: block.rows, stride: block.stride, count: range.count, into: numbers, scores: scores)
            var sum = 0.0
            for index in 0..<range.count {
                if scores[index].isFinite {
                    sum += Double(scores[index])
                } else {
                    numbers[index] = Self.noCluster
                }
            }
            monitor.add(range.count)
            return sum
        }
    }

    func sumOfSquaredNorms() -> Double {
        sumOverBlocks { range, _ in
            var sum = 0.0
            for index in range {
                let square = VectorKernels.squaredNorm(row(index), dimension: dimension)
                if square.isFinite { sum += Double(square) }
            }
            return sum
        }
    }

    private func sumOverBlocks(_ body: (Range<Int>, Scratch) -> Double) -> Double {
        let step = blockRows
        let blocks = (count + step - 1) / step
        let parts = AlignedBuffer<Double>(repeating: 0, count: blocks)
        parallelLoop(
            blocks, threads: kmeans.threads, unless: monitor,
            state: {
                Scratch(rows: AlignedBuffer(chosen == nil ? 0 : step * dimension), scores: AlignedBuffer(step))
            },
            { block, scratch in
                parts.pointer[block] = body(block * step..<min((block + 1) * step, count), scratch)
            })
        return UnsafeBufferPointer(start: parts.pointer, count: blocks).reduce(0, +)
    }

    @inline(__always)
    func row(_ index: Int) -> UnsafePointer<Float> {
        rows + (chosen.map { Int($0[index]) } ?? index) * stride
    }

    /// Rows in use side by side: where they are, or a copy of them.
    private func gather(
        _ range: Range<Int>, into copy: AlignedBuffer<Float>
    ) -> (rows: UnsafePointer<Float>, stride: Int) {
        guard let chosen else { return (rows + range.lowerBound * stride, stride) }
        var place = copy.pointer
        chosen.withUnsafeBufferPointer { chosen in
            for index in range {
                place.update(from: rows + Int(chosen[index]) * stride, count: dimension)
                place += dimension
            }
        }
        return (UnsafePointer(copy.pointer), dimension)
    }

    /// Puts each centroid into the middle of its rows; one without rows stays where it is.
    func moveCentroids() {
        // More shares than threads, because clusters are not equally large. Each looks at all of `nearest`.
        let shares = kmeans.threads > 1 ? min(clusters, 4 * kmeans.threads) : 1
        parallelLoop(shares, threads: kmeans.threads, unless: monitor, state: {}) { share, _ in
            moveCentroids(clusters * share / shares..<clusters * (share + 1) / shares)
        }
    }

    private func moveCentroids(_ range: Range<Int>) {
        let dimension = dimension
        (sums.pointer + range.lowerBound * dimension).update(repeating: 0, count: range.count * dimension)
        (sizes.pointer + range.lowerBound).update(repeating: 0, count: range.count)
        for index in 0..<count {
            let cluster = Int(nearest.pointer[index])
            guard range.contains(cluster) else { continue }
            sizes.pointer[cluster] += 1
            let sum = sums.pointer + cluster * dimension
            let row = row(index)
            for component in 0..<dimension { sum[component] += Double(row[component]) }
        }
        for cluster in range where sizes.pointer[cluster] > 0 {
            let centroid = centroids.pointer + cluster * dimension
            let sum = sums.pointer + cluster * dimension
            let part = 1 / Double(sizes.pointer[cluster])
            for component in 0..<dimension { centroid[component] = Float(sum[component] * part) }
            if kmeans.metric == .dot { normalize(centroid) }
        }
    }

    /// Makes a centroid as long as 1, unless it is zero.
    func normalize(_ centroid: UnsafeMutablePointer<Float>) {
        var square = 0.0
        for component in 0..<dimension { square += Double(centroid[component]) * Double(centroid[component]) }
        let length = square.squareRoot()
        guard length > 0, length.isFinite else { return }
        for component in 0..<dimension { centroid[component] = Float(Double(centroid[component]) / length) }
    }
}
