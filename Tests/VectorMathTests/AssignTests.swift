// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    /// `PackedCentroids` at every level: against the definition, and against itself.
    @Suite struct AssignTests {
        private static let dimensions = [1, 2, 3, 4, 7, 8, 16, 17, 31, 32, 33, 48, 100, 384, 768]
        /// Around a register, a panel and several; and what IVF and PQ use.
        private static let centroidCounts = [1, 5, 8, 9, 16, 17, 31, 32, 33, 48, 49, 64, 100, 256, 316]

        @Test(arguments: [AssignmentMetric.l2, .dot])
        func theNearestIsNearest(_ metric: AssignmentMetric) {
            var random = SplitMix64(seed: 11)
            for dimension in Self.dimensions {
                for centroids in Self.centroidCounts where dimension * centroids < 60_000 {
                    let count = dimension > 100 ? 5 : 30
                    let c = random.floats(centroids * dimension)
                    let x = random.floats(count * dimension)
                    let scores = (0..<count).map { row in
                        (0..<centroids).map { oracleScore(x, row, c, $0, dimension, metric) }
                    }
                    LevelSuite.forEachLevel { level in
                        let packed = PackedCentroids(c, count: centroids, dimension: dimension, metric: metric)
                        let got = assign(packed, x, stride: dimension, count: count)
                        for row in 0..<count {
                            let place = "\(level), dimension \(dimension), \(centroids) centroids, row \(row)"
                            guard let best = scores[row].min(), Int(got.nearest[row]) < centroids else {
                                Issue.record("\(got.nearest[row]) is no centroid: \(place)")
                                continue
                            }
                            let slack = Double(dimension + 16) * Double(dimension) * 0x1p-23
                            #expect(scores[row][Int(got.nearest[row])] <= best + slack, "\(place)")
                            #expect(abs(Double(got.scores[row]) - best) <= slack, "score, \(place)")
                        }
                    }
                }
            }
        }

        @Test func aRowsResultDependsOnItAlone() {
            var random = SplitMix64(seed: 12)
            for (dimension, centroids) in [(1, 256), (8, 256), (8, 16), (16, 100), (33, 65), (384, 70), (1536, 33)] {
                let count = 41
                let c = random.floats(centroids * dimension)
                let x = random.floats(count * dimension)
                LevelSuite.forEachLevel { level in
                    let packed = PackedCentroids(c, count: centroids, dimension: dimension, metric: .l2)
                    let together = assign(packed, x, stride: dimension, count: count)
                    for first in stride(from: 0, to: count, by: 3) {
                        for size in [1, 2, 4, 5, 11, 13] where first + size <= count {
                            // With a stride of its own, at an odd place.
                            let part = spread(x, first, size, dimension, stride: dimension + 3)
                            let apart = assign(packed, part, stride: dimension + 3, count: size)
                            let place = "\(level), dimension \(dimension), \(first), \(size)"
                            #expect(apart.nearest == Array(together.nearest[first..<first + size]), "\(place)")
                            #expect(apart.scores == Array(together.scores[first..<first + size]), "\(place)")
                        }
                    }
                }
            }
        }

        @Test func theLowestOfEquallyNearWins() {
            var random = SplitMix64(seed: 13)
            for dimension in [1, 8, 40] {
                let one = random.floats(7 * dimension)
                // Seven centroids, over and over: every one is the nearest with many others.
                let c = Array(repeating: one, count: 40).flatMap { $0 }
                LevelSuite.forEachLevel { level in
                    let packed = PackedCentroids(c, count: 280, dimension: dimension, metric: .l2)
                    let got = assign(packed, one, stride: dimension, count: 7)
                    #expect(got.nearest == [0, 1, 2, 3, 4, 5, 6], "\(level), \(dimension)")
                }
            }
        }

        @Test func numbersThatAreNotFiniteHarmOnlyTheirRow() {
            var random = SplitMix64(seed: 14)
            for dimension in [1, 8, 50] {
                let c = random.floats(70 * dimension)
                let clean = random.floats(25 * dimension)
                var dirty = clean
                dirty[6 * dimension] = .nan
                dirty[13 * dimension + dimension - 1] = .infinity
                LevelSuite.forEachLevel { level in
                    let packed = PackedCentroids(c, count: 70, dimension: dimension, metric: .l2)
                    let want = assign(packed, clean, stride: dimension, count: 25)
                    let got = assign(packed, dirty, stride: dimension, count: 25)
                    #expect(got.nearest[6] == 0, "\(level), \(dimension)")
                    #expect(got.nearest[13] < 70, "\(level), \(dimension)")
                    for row in 0..<25 where row != 6 && row != 13 {
                        #expect(got.nearest[row] == want.nearest[row], "\(level), \(dimension), \(row)")
                        #expect(got.scores[row] == want.scores[row], "\(level), \(dimension), \(row)")
                    }
                }
            }
        }

        @Test func nothingBeyondTheRowsIsRead() throws {
            var random = SplitMix64(seed: 15)
            for dimension in [1, 3, 8, 31, 65] {
                let x = random.floats(19 * dimension)
                let memory = try GuardedFloats(bytes: x.count * 4)
                let c = random.floats(40 * dimension)
                LevelSuite.forEachLevel { level in
                    let packed = PackedCentroids(c, count: 40, dimension: dimension, metric: .l2)
                    let want = assign(packed, x, stride: dimension, count: 19)
                    for place in [memory.first, memory.last] {
                        let rows = place(x)
                        var nearest = [UInt32](repeating: 99, count: 19)
                        packed.assign(rows: rows, stride: dimension, count: 19, into: &nearest)
                        #expect(nearest == want.nearest, "\(level), \(dimension)")
                    }
                }
            }
        }

        @Test func noRowsAndNoDimensions() {
            LevelSuite.forEachLevel { level in
                let packed = PackedCentroids([1, 2], count: 2, dimension: 1, metric: .l2)
                #expect(assign(packed, [], stride: 1, count: 0).nearest.isEmpty, "\(level)")
                let flat = PackedCentroids([], count: 3, dimension: 0, metric: .l2)
                #expect(assign(flat, [7], stride: 0, count: 5).nearest == [0, 0, 0, 0, 0], "\(level)")
            }
        }

        private func assign(
            _ packed: PackedCentroids, _ rows: [Float], stride: Int, count: Int
        ) -> (nearest: [UInt32], scores: [Float]) {
            var nearest = [UInt32](repeating: .max, count: count)
            var scores = [Float](repeating: .nan, count: count)
            packed.assign(rows: rows, stride: stride, count: count, into: &nearest, scores: &scores)
            return (nearest, scores)
        }

        private func oracleScore(
            _ x: [Float], _ row: Int, _ c: [Float], _ centroid: Int, _ dimension: Int, _ metric: AssignmentMetric
        ) -> Double {
            var score = 0.0
            for index in 0..<dimension {
                let value = Double(c[centroid * dimension + index])
                score -= 2 * Double(x[row * dimension + index]) * value
                if metric == .l2 { score += value * value }
            }
            return score
        }

        /// `size` rows from `first` on, with junk between them.
        private func spread(_ x: [Float], _ first: Int, _ size: Int, _ dimension: Int, stride: Int) -> [Float] {
            var out = [Float](repeating: .nan, count: size * stride)
            for row in 0..<size {
                for index in 0..<dimension { out[row * stride + index] = x[(first + row) * dimension + index] }
            }
            return out
        }
    }
}
