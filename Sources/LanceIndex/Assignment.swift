// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceTable
import VectorMath

/// The partition of every row, and its place there: rows of a partition follow one another as in the table.
struct Assignment: Sendable {
    static let none = UInt32.max

    /// A partition a row; `none` for rows that are not indexed.
    let partitions: SharedArray<UInt32>
    /// The row's place among all codes.
    let slots: [UInt32]
    /// Rows of each partition.
    let lengths: [Int]
    /// The first slot of each partition.
    let offsets: [Int]
    /// The sum of the distances from the centroids.
    let loss: Double

    init(
        _ rows: VectorRows, _ survey: VectorSurvey, _ centroids: PackedCentroids, partitions count: Int, threads: Int,
        progress: @escaping @Sendable (Double) throws -> Void
    ) throws {
        let dimension = rows.dimension
        let chosen = SharedArray<UInt32>(repeating: Self.none, count: rows.count)
        let losses = SharedArray<Double>(repeating: 0, count: rows.parts.count)
        let monitor = TrainingMonitor(total: rows.count, progress: progress)
        let block = Residuals.blockRows
        parallelLoop(
            rows.parts.count, threads: threads, unless: monitor, state: { BlockScratch(block, dimension) }
        ) { index, scratch in
            let part = rows.parts[index]
            do {
                try part.withFloats { floats, _ in
                    var start = 0
                    while start < part.count, !monitor.isStopped {
                        let size = min(block, part.count - start)
                        for row in start..<start + size {
                            survey.copy(
                                part.first + row, floats + row * dimension, dimension,
                                to: scratch.floats.base + (row - start) * dimension)
                        }
                        centroids.assign(
                            rows: scratch.floats.base, stride: dimension, count: size, into: scratch.nearest.base,
                            scores: scratch.scores.base)
                        for row in 0..<size where survey.scales.base[part.first + start + row] != 0 {
                            chosen.base[part.first + start + row] = scratch.nearest.base[row]
                            let score = Double(scratch.scores.base[row])
                            let own = scratch.floats.base + row * dimension
                            losses.base[index] +=
                                centroids.metric == .dot
                                ? 1 + score / 2
                                : max(0, score + Double(VectorKernels.squaredNorm(own, dimension: dimension)))
                        }
                        monitor.add(size)
                        start += size
                    }
                }
            } catch {
                monitor.fail(with: error)
            }
        }
        try monitor.finish()
        var lengths = [Int](repeating: 0, count: count)
        for row in 0..<rows.count where chosen.base[row] != Self.none { lengths[Int(chosen.base[row])] += 1 }
        var offsets: [Int] = []
        var next = 0
        for length in lengths {
            offsets.append(next)
            next += length
        }
        var cursors = offsets
        var slots = [UInt32](repeating: Self.none, count: rows.count)
        for row in 0..<rows.count where chosen.base[row] != Self.none {
            slots[row] = UInt32(cursors[Int(chosen.base[row])])
            cursors[Int(chosen.base[row])] += 1
        }
        partitions = chosen
        self.slots = slots
        self.lengths = lengths
        self.offsets = offsets
        loss = losses.array.reduce(0, +)
    }

    /// What one thread assigns a block with.
    private struct BlockScratch {
        let floats: FloatBuffer
        let nearest: SharedArray<UInt32>
        let scores: SharedArray<Float>

        init(_ rows: Int, _ dimension: Int) {
            floats = FloatBuffer(count: rows * dimension)
            nearest = SharedArray(repeating: 0, count: rows)
            scores = SharedArray(repeating: 0, count: rows)
        }
    }
}

/// An array that several threads fill, each its own elements.
final class SharedArray<Element: BitwiseCopyable>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>
    let count: Int

    init(repeating element: Element, count: Int) {
        self.count = count
        base = .allocate(capacity: max(count, 1))
        base.initialize(repeating: element, count: count)
    }

    deinit { base.deallocate() }

    var array: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }
}
