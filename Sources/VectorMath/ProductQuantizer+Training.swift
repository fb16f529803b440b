// SPDX-License-Identifier: Apache-2.0

extension ProductQuantizer {
    package struct Training: Sendable {
        package var seed: UInt64 = 0
        package var threads = 1
        package var maxIterations = 50

        /// As `KMeans.tolerance`.
        package var tolerance = 1e-3

        package init() {}
    }

    /// Writes sub-vector `subVector` of the training rows `rows` one after another to `into`. Called by several threads
    /// at once.
    package typealias Fill =
        @Sendable (_ subVector: Int, _ rows: Range<Int>, _ into: UnsafeMutablePointer<Float>) throws -> Void

    /// Finds code words for `rowCount` rows, which are asked for by sub-vector, each once.
    ///
    /// Blocks the thread until it is done. Each thread uses `rowCount * (width * 4 + 12)` bytes and 50 KB or so.
    /// From one seed and the same rows come the same bits, whatever the number of threads (at one `KernelLevel`).
    ///
    /// - Parameters:
    ///   - rowCount: at least 1. With less than 2^bits rows some words are never used.
    ///   - progress: as that of `KMeans.train`.
    package static func train(
        dimension: Int, subVectors: Int, bits: Int, rowCount: Int, options: Training = Training(), fill: Fill,
        progress: @escaping @Sendable (Double) throws -> Void = { _ in }
    ) throws -> ProductQuantizer {
        let width = dimension / subVectors
        let words = 1 << bits
        var kmeans = KMeans(clusters: words, dimension: width)
        kmeans.maxIterations = options.maxIterations
        kmeans.tolerance = options.tolerance
        let monitor = TrainingMonitor(total: kmeans.work(rowCount) * subVectors, progress: progress)
        let codebook = AlignedBuffer<Float>(repeating: 0, count: words * dimension)
        parallelLoop(
            subVectors, threads: options.threads, unless: monitor, state: { AlignedBuffer<Float>(rowCount * width) },
            { subVector, rows in
                do { try fill(subVector, 0..<rowCount, rows.pointer) } catch { return monitor.fail(with: error) }
                var kmeans = kmeans
                kmeans.seed = options.seed &+ UInt64(subVector)
                let result = kmeans.train(rows: rows.pointer, stride: width, count: rowCount, monitor: monitor)
                (codebook.pointer + subVector * words * width).update(from: result.centroids, count: words * width)
            })
        try monitor.finish()
        return ProductQuantizer(
            dimension: dimension, subVectors: subVectors, bits: bits,
            codebook: Array(UnsafeBufferPointer(start: codebook.pointer, count: codebook.count)))
    }
}
