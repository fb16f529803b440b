// SPDX-License-Identifier: Apache-2.0

/// Finds `clusters` points that many rows are near to: Lloyd's iterations, begun on few rows and ended on all.
///
/// From one seed and the same rows come the same bits, whatever the number of threads (at one `KernelLevel`).
/// Where the rows have fewer different values than there are clusters, some clusters stay empty and their centroids
/// are as good as any.
package struct KMeans: Sendable {
    package var clusters: Int
    package var dimension: Int

    /// With `.dot` a row belongs to the centroid of the largest dot product, and all centroids have length 1: if they
    /// were free to grow, the longest would take rows that have little in common with them.
    package var metric: AssignmentMetric = .l2
    package var seed: UInt64 = 0
    package var threads = 1

    /// The most iterations over all rows. A training usually ends long before.
    package var maxIterations = 50

    /// An iteration that lowers the loss by less than this part of it is the last.
    package var tolerance = 1e-3

    /// How many rows for each cluster a training begins with, before it goes on with twice as many or more.
    ///
    /// An iteration over a part of the rows costs that part, and most of the way to the final centroids can be gone
    /// with few of them.
    private static let rehearsals = [32, 128]

    /// As `tolerance`. What a rehearsal leaves, the next part mends.
    private static let rehearsalTolerance = 1e-2

    package struct Result: Sendable {
        /// One centroid of `dimension` floats after the other.
        package var centroids: [Float]

        /// Iterations over all rows.
        package var iterations: Int

        /// The sum over the rows of their squared distance from their centroid, for `.dot` of 1 less the dot product,
        /// as it was before the last move of the centroids.
        package var loss: Double

        /// How many rows were nearest to each centroid then.
        package var sizes: [Int]
    }

    package init(clusters: Int, dimension: Int) {
        self.clusters = clusters
        self.dimension = dimension
    }

    /// Blocks the thread until it is done; uses 12 bytes for each row and 20 for each component of a centroid, and for
    /// each thread a buffer of up to 300 KB.
    ///
    /// - Parameters:
    ///   - rows: row `i` is the `dimension` floats from `rows + i * stride` on. All are finite; others do no harm but
    ///     to the result.
    ///   - progress: gets the part done, every 50 ms or so, from any of the threads, but not from two at a time. What
    ///     it throws ends the training, and is thrown on.
    package func train(
        rows: UnsafePointer<Float>, stride: Int, count: Int,
        progress: @escaping @Sendable (Double) throws -> Void = { _ in }
    ) throws -> Result {
        let monitor = TrainingMonitor(total: work(count), progress: progress)
        let result = train(rows: rows, stride: stride, count: count, monitor: monitor)
        try monitor.finish()
        return result
    }

    /// The rows of each part of a training, ending with all, and the most iterations over them.
    private func parts(_ count: Int) -> [(rows: Int, iterations: Int)] {
        let few = Self.rehearsals.map { $0 * clusters }.filter { $0 <= count / 2 }
        return few.map { ($0, max(maxIterations / 2, 1)) } + [(count, max(maxIterations, 1))]
    }

    /// What `train` adds up to in the monitor's count: a row compared with all centroids is a unit.
    func work(_ count: Int) -> Int { parts(count).reduce(0) { $0 + $1.rows * $1.iterations } }

    /// Without the end of the monitor; the result means nothing when it has been stopped.
    func train(rows: UnsafePointer<Float>, stride: Int, count: Int, monitor: TrainingMonitor) -> Result {
        guard clusters > 0, count > 0 else {
            return Result(
                centroids: [Float](repeating: 0, count: clusters * dimension), iterations: 0, loss: 0,
                sizes: [Int](repeating: 0, count: clusters))
        }
        var random = SeededRandom(seed: seed)
        let parts = parts(count)
        let mostRows = max(parts.dropLast().last?.rows ?? 0, clusters)
        let order = random.sample(mostRows, of: count)
        var lloyd = LloydIterations(self, rows: rows, stride: stride, random: random, monitor: monitor)
        lloyd.begin(at: order)
        for part in parts.dropLast() {
            // Read in the order of memory.
            lloyd.use(order[..<part.rows].sorted())
            lloyd.run(atMost: part.iterations, tolerance: Self.rehearsalTolerance)
        }
        lloyd.use(first: count)
        let iterations = lloyd.run(atMost: max(maxIterations, 1), tolerance: tolerance)
        return lloyd.result(iterations: iterations)
    }
}
