// SPDX-License-Identifier: Apache-2.0
import VectorMath

/// Rows less the centroid of their partition.
enum Residuals {
    /// Rows that are assigned at a time: enough to fill the kernel, few enough to stay in cache.
    static let blockRows = 512

    /// Replaces rows that lie one after another.
    ///
    /// - Parameter stillWanted: asked now and then, by any thread; what it throws ends this.
    static func replace(
        _ rows: UnsafeMutablePointer<Float>, count: Int, _ packed: PackedCentroids, _ centroids: [Float],
        dimension: Int, threads: Int, stillWanted: @escaping @Sendable () throws -> Void
    ) throws {
        let target = Target(rows: rows)
        let monitor = TrainingMonitor(total: count) { _ in try stillWanted() }
        let blocks = (count + blockRows - 1) / blockRows
        parallelLoop(
            blocks, threads: threads, unless: monitor, state: { [UInt32](repeating: 0, count: blockRows) }
        ) { block, nearest in
            let first = block * blockRows
            let size = min(blockRows, count - first)
            let floats = target.rows + first * dimension
            nearest.withUnsafeMutableBufferPointer { nearest in
                guard let nearest = nearest.baseAddress else { return }
                packed.assign(rows: floats, stride: dimension, count: size, into: nearest)
                centroids.withUnsafeBufferPointer { centroids in
                    for row in 0..<size {
                        let centroid = Int(nearest[row]) * dimension
                        for index in 0..<dimension { floats[row * dimension + index] -= centroids[centroid + index] }
                    }
                }
            }
            monitor.add(size)
        }
        try monitor.finish()
    }

    /// Each block is written by one thread.
    private struct Target: @unchecked Sendable {
        let rows: UnsafeMutablePointer<Float>
    }
}
