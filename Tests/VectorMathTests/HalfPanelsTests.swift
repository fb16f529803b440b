// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct HalfPanelsTests {
        /// Rows of one magnitude, and rows whose components are of many.
        static let scales: [(name: String, scale: @Sendable (inout SplitMix64) -> Float)] = [
            ("1", { _ in 1 }), ("1e-20", { _ in 1e-20 }), ("1e20", { _ in 1e20 }), ("zero", { _ in 0 }),
            (
                "mixed",
                { random in Float(sign: .plus, exponent: -Int(random.next() % 40), significand: 1) }
            ),
        ]

        @Test(arguments: [16, 64, 256]) func estimatesKeepTheirError(lanes: Int) {
            var random = SplitMix64(seed: UInt64(lanes))
            for (name, scale) in Self.scales {
                for dimension in [1, 2, 3, 7, 8, 16, 65, 384] {
                    for count in [1, lanes - 1, lanes, lanes + 1, 3 * lanes + 5] {
                        let rows = random.floats(count * dimension).map { $0 * scale(&random) }
                        let query = random.floats(dimension)
                        LevelSuite.forEachLevel { level in
                            let panels = HalfPanels(rows: rows, count: count, dimension: dimension, lanes: lanes)
                            var dots = [Float](repeating: 7, count: panels.resultCount + 1)
                            panels.dots(query, step: 0, into: &dots)
                            #expect(dots.removeLast() == 7, "\(level)")
                            for row in 0..<count {
                                let own = Array(rows[row * dimension..<(row + 1) * dimension])
                                let size =
                                    (Oracle.dot(query, query) * Oracle.dot(own, own)).squareRoot()
                                let error = abs(Double(dots[row]) - Oracle.dot(query, own))
                                // The rows that are far smaller than the largest keep fewer bits.
                                let floor = Double(rows.map(\.magnitude).max() ?? 0) * 0x1p-38 * Double(dimension)
                                #expect(
                                    error <= size * Double(panels.relativeError) + floor,
                                    "\(level), \(name), \(dimension) dimensions, row \(row) of \(count)")
                            }
                        }
                    }
                }
            }
        }

        /// A query part for each panel: what a query's table is made of.
        @Test func everyPanelHasItsPartOfTheQuery() {
            var random = SplitMix64(seed: 4)
            let (panels, width, lanes) = (6, 8, 16)
            let rows = random.floats(panels * lanes * width)
            let query = random.floats(panels * width)
            LevelSuite.forEachLevel { level in
                let half = HalfPanels(rows: rows, count: panels * lanes, dimension: width, lanes: lanes)
                var dots = [Float](repeating: 0, count: half.resultCount)
                half.dots(query, step: width, into: &dots)
                for place in dots.indices {
                    let part = Array(query[place / lanes * width..<(place / lanes + 1) * width])
                    let word = Array(rows[place * width..<(place + 1) * width])
                    #expect(
                        abs(Double(dots[place]) - Oracle.dot(part, word)) <= Oracle.dotSize(part, word) * 0x1p-11,
                        "\(level), \(place)")
                }
            }
        }

        /// Numbers that half precision has exactly, subnormal ones among them, come back as they were.
        @Test func exactNumbersStayExact() {
            // The largest sets the scale; 2^-24 of it is the smallest subnormal number.
            let numbers: [Float] = [1, 0.5, -0.25, 0.333251953125, 0x1p-14, -0x1p-20, 0x1p-24, 3 * 0x1p-24, 0, -1]
            let rows = numbers + [Float](repeating: 0, count: 6)
            LevelSuite.forEachLevel { level in
                let half = HalfPanels(rows: rows, count: 16, dimension: 1, lanes: 16)
                var dots = [Float](repeating: 0, count: 16)
                half.dots([1], step: 0, into: &dots)
                #expect(dots == rows, "\(level)")
            }
        }
    }
}
