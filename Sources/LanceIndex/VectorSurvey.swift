// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceTable
import VectorMath

/// Which rows can be indexed, and what brings each to unit length.
struct VectorSurvey: Sendable {
    /// A factor a row: for the cosine 1 / |x|, else 1; 0 for a row that cannot be indexed, infinite for one whose factor is
    /// too large for a float (components below 1e-38).
    let scales: FloatBuffer
    let valid: Int

    init(_ rows: VectorRows, _ metric: Metric, threads: Int, progress: @escaping @Sendable (Double) throws -> Void)
        throws
    {
        let scales = FloatBuffer(count: rows.count)
        let dimension = rows.dimension
        let monitor = TrainingMonitor(total: rows.count, progress: progress)
        parallelLoop(rows.parts.count, threads: threads, unless: monitor, state: { () }) { index, _ in
            let part = rows.parts[index]
            do {
                try part.withFloats { floats, validity in
                    for row in 0..<part.count where validity?[row] != false {
                        scales.base[part.first + row] = Self.scale(floats + row * dimension, dimension, metric)
                    }
                }
            } catch {
                return monitor.fail(with: error)
            }
            if let deletions = part.deletions {
                for offset in deletions.slice(part.offset..<part.offset + part.count) {
                    scales.base[part.first + Int(offset) - part.offset] = 0
                }
            }
            monitor.add(part.count)
        }
        try monitor.finish()
        var valid = 0
        for row in 0..<rows.count where scales.base[row] != 0 { valid += 1 }
        self.scales = scales
        self.valid = valid
    }

    private static func scale(_ row: UnsafePointer<Float>, _ dimension: Int, _ metric: Metric) -> Float {
        let squared = VectorKernels.squaredNorm(row, dimension: dimension)
        // A sum of squares in this range vouches for every component; the others are rare and looked at one by one.
        if squared >= 1e-30, squared <= 1e30 { return metric == .cosine ? 1 / squared.squareRoot() : 1 }
        var exact = 0.0
        for index in 0..<dimension { exact += Double(row[index]) * Double(row[index]) }
        guard exact.isFinite else { return 0 }
        if metric != .cosine { return 1 }
        guard exact > 0 else { return 0 }
        return Float(1 / exact.squareRoot())
    }

    private func copyTiny(_ floats: UnsafePointer<Float>, _ dimension: Int, to target: UnsafeMutablePointer<Float>) {
        let scale = 1 / sumOfSquares(floats, count: dimension).squareRoot()
        for index in 0..<dimension { target[index] = Float(Double(floats[index]) * scale) }
    }

    /// Copies a row to `target`, brought to unit length where the metric wants it.
    @inline(__always)
    func copy(_ row: Int, _ floats: UnsafePointer<Float>, _ dimension: Int, to target: UnsafeMutablePointer<Float>) {
        let scale = scales.base[row]
        guard scale.isFinite else { return copyTiny(floats, dimension, to: target) }
        for index in 0..<dimension { target[index] = floats[index] * scale }
    }
}
