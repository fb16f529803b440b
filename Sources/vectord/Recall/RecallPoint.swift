// SPDX-License-Identifier: Apache-2.0

/// What searches with one choice of parameters find, and how long they take.
package struct RecallPoint: Sendable, Equatable {
    /// The recalls that people ask for.
    package static let targets = [0.90, 0.95, 0.99]

    package var nprobes: Int
    /// Nil where no candidates are compared exactly.
    package var refine: Int?
    /// The mean over the queries, in 0...1.
    package var recall: Double
    /// Latencies in microseconds.
    package var p50: Double
    package var p95: Double
    /// Of one client that asks one query after the other.
    package var queriesPerSecond: Double

    package init(
        nprobes: Int, refine: Int?, recall: Double, p50: Double, p95: Double, queriesPerSecond: Double
    ) {
        self.nprobes = nprobes
        self.refine = refine
        self.recall = recall
        self.p50 = p50
        self.p95 = p95
        self.queriesPerSecond = queriesPerSecond
    }

    /// - Parameter seconds: of each query.
    init(nprobes: Int, refine: Int?, recalls: [Double], seconds: [Double]) {
        let sorted = seconds.sorted()
        let count = Double(max(recalls.count, 1))
        self.init(
            nprobes: nprobes, refine: refine, recall: recalls.reduce(0, +) / count,
            p50: BenchLine.percentile(sorted, 0.5) * 1e6, p95: BenchLine.percentile(sorted, 0.95) * 1e6,
            queriesPerSecond: count / max(seconds.reduce(0, +), .leastNormalMagnitude))
    }

    /// The point with the smallest median latency among those whose recall is `target` or more; nil where none is.
    package static func cheapest(_ points: [RecallPoint], target: Double) -> RecallPoint? {
        points.filter { $0.recall >= target }.min { $0.p50 < $1.p50 }
    }

    /// The targets for which this is the cheapest of `points`.
    package func targets(among points: [RecallPoint]) -> [Double] {
        Self.targets.filter { Self.cheapest(points, target: $0) == self }
    }
}
