// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A logarithmic scale over positive values.
package struct LogAxis: Sendable {
    private static let fewestTicks = 3
    private static let mostTicks = 10

    private let low: Double
    private let high: Double

    /// - Parameter margin: free space at both ends, as a part of the whole.
    package init(_ values: [Double], margin: Double = 0.05) {
        let logs = values.filter { $0 > 0 && $0.isFinite }.map { log10($0) }
        let (least, most) = (logs.min() ?? 0, logs.max() ?? 1)
        // A single value needs a scale too.
        let width = max(most - least, 0.2)
        let middle = (least + most) / 2
        low = middle - width * (0.5 + margin)
        high = middle + width * (0.5 + margin)
    }

    /// Where a value stands, 0 at the low end and 1 at the high one; the ends for those beyond.
    package func place(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 0 }
        return min(max((log10(value) - low) / (high - low), 0), 1)
    }

    /// Round numbers: as few digits as give enough of them.
    package var ticks: [Double] {
        let digits: [[Double]] = [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8], (10..<100).map { Double($0) / 10 }]
        var found: [Double] = []
        for choice in digits {
            found = ticks(choice)
            if found.count >= Self.fewestTicks { break }
        }
        // Over many decades, every second one, or third.
        let step = (found.count + Self.mostTicks - 1) / Self.mostTicks
        return found.enumerated().filter { $0.offset % max(step, 1) == 0 }.map(\.element)
    }

    private func ticks(_ digits: [Double]) -> [Double] {
        let decades = Int(low.rounded(.down))...Int(high.rounded(.down))
        return decades.flatMap { decade in digits.map { $0 * pow(10, Double(decade)) } }
            .filter { log10($0) >= low && log10($0) <= high }
    }
}
