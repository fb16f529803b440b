// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct PreparedQueryTests {
        private func cosine(_ query: [Float], _ row: [Float]) -> Float? { exactDistance(query, row, metric: .cosine) }

        @Test func aVectorAndItselfAreExactlyAtZeroAndItsOppositeAtTwo() {
            var random = SplitMix64(seed: 6)
            for scale: Float in [1, 0x1p-140, 1e-20, 1e-16, 1e-3, 1e5, 1e18, 1e30, 3e38] {
                for dimension in LevelSuite.dimensions {
                    let a = random.floats(dimension).map { $0 * scale }
                    guard a.contains(where: { $0 != 0 }) else { continue }
                    LevelSuite.forEachLevel { level in
                        #expect(cosine(a, a) == 0, "\(level), \(dimension), \(scale)")
                        #expect(cosine(a, a.map { -$0 }) == 2, "\(level), \(dimension), \(scale)")
                        #expect(exactDistance(a, a, metric: .l2) == 0, "\(level), \(dimension), \(scale)")
                    }
                }
            }
        }

        /// Parallel vectors, whose cosines rounding carries past 1 as often as not.
        @Test func theCosineDistanceStaysBetweenZeroAndTwo() {
            var random = SplitMix64(seed: 10)
            for dimension in LevelSuite.dimensions {
                let a = random.floats(dimension)
                let factor = Float.random(in: 0.1...10, using: &random)
                LevelSuite.forEachLevel { level in
                    for scale in [1, 1e25] as [Float] {
                        let near = cosine(a, a.map { $0 * factor * scale }) ?? .nan
                        #expect(near >= 0 && near <= 1e-5, "\(level), \(dimension): \(near)")
                        let far = cosine(a, a.map { -$0 * factor * scale }) ?? .nan
                        #expect(far <= 2 && far >= 2 - 1e-5, "\(level), \(dimension): \(far)")
                    }
                }
            }
        }

        /// The length of neither vector matters, from the smallest subnormals to the largest floats.
        @Test func everyLengthHasItsTrueCosine() {
            let want = Float(1 - 0.5.squareRoot())
            let sizes: [Float] = [
                .leastNonzeroMagnitude, 0x1p-133, .leastNormalMagnitude, 1e-30, 1e-23, 1e-19, 1e-15, 1e-8, 1, 1e9, 1e18,
                1e19,
                1e20, 1e30, .greatestFiniteMagnitude,
            ]
            for querySize in sizes {
                for rowSize in sizes {
                    LevelSuite.forEachLevel { level in
                        for dimension in [2, 384] {
                            let rest = [Float](repeating: 0, count: dimension - 2)
                            let got = cosine([querySize, 0] + rest, [rowSize, rowSize] + rest) ?? .nan
                            #expect(abs(got - want) <= 2e-7, "\(level), \(querySize), \(rowSize), \(dimension): \(got)")
                        }
                    }
                }
            }
        }

        @Test func rowsWithoutADistance() {
            let query: [Float] = [1, 0, 2]
            for bad: Float in [.nan, .signalingNaN, .infinity, -.infinity] {
                for place in 0..<3 {
                    var row: [Float] = [1, 1, 1]
                    row[place] = bad
                    LevelSuite.forEachLevel { level in
                        for metric in Metric.allCases {
                            #expect(exactDistance(query, row, metric: metric) == nil, "\(level), \(metric), \(row)")
                        }
                    }
                }
            }
            LevelSuite.forEachLevel { _ in
                #expect(exactDistance(query, [0, 0, 0], metric: .cosine) == nil)
                #expect(exactDistance(query, [0, -0.0, 0], metric: .cosine) == nil)
                #expect(exactDistance(query, [0, 0, 0], metric: .l2) == 5)
                #expect(exactDistance(query, [0, 0, 0], metric: .dot) == 1)
            }
        }

        @Test func sumsThatLeaveTheRangeOfFloats() {
            LevelSuite.forEachLevel { level in
                // The parts are infinite in single precision, the sum is not.
                #expect(exactDistance([1e20, -1e20, 1], [1e20, 1e20, 4], metric: .dot) == -3, "\(level)")
                // The result itself is beyond float.
                #expect(exactDistance([1e20, 0], [1e20, 0], metric: .dot) == nil, "\(level)")
                #expect(exactDistance([1e20, 0], [-1e20, 0], metric: .dot) == nil, "\(level)")
                #expect(exactDistance([1e20, 0], [-1e20, 0], metric: .l2) == nil, "\(level)")
                // Squares below the smallest normal float keep their digits.
                #expect(exactDistance([0x1.8p-65, 0], [0, 0x1p-64], metric: .l2) == 0x1.9p-128, "\(level)")
            }
        }

        @Test func cosineDoesNotDependOnTheScaleOfTheQuery() {
            var random = SplitMix64(seed: 7)
            for _ in 0..<200 {
                let query = random.floats(24)
                let row = random.floats(24)
                // Powers of two change no bit of the sums, so nothing of the result.
                #expect(cosine(query, row) == cosine(query.map { $0 * 0x1p70 }, row))
                #expect(cosine(query, row) == cosine(query.map { $0 * 0x1p-70 }, row))
            }
        }
    }
}
