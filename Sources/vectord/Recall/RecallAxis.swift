// SPDX-License-Identifier: Apache-2.0

/// A linear scale from a round number below all recalls up to 1.
package struct RecallAxis: Sendable {
    /// The lowest value.
    package let low: Double
    package let ticks: [Double]
    /// Digits after the point that ticks need.
    package let digits: Int

    package init(_ recalls: [Double]) {
        let least = min(max(recalls.filter(\.isFinite).min() ?? 0, 0), 1)
        // Thousandths, so that sums stay exact. Between 4 and 10 steps; and some space, where all is 1.
        let below = min(Int((least * 1000).rounded(.down)), 980)
        let step = [5, 10, 20, 50, 100].first { (1000 - below) / $0 < 8 } ?? 200
        let start = below / step * step
        low = Double(start) / 1000
        ticks = stride(from: start, through: 1000, by: step).map { Double($0) / 1000 }
        digits = step % 100 == 0 ? 1 : step % 10 == 0 ? 2 : 3
    }

    /// Where a recall stands, 0 at the low end and 1 at the high one.
    package func place(_ recall: Double) -> Double {
        recall.isFinite ? min(max((recall - low) / (1 - low), 0), 1) : 0
    }
}
