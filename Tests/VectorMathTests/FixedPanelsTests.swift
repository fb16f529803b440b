// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct FixedPanelsTests {
        /// Rows of one magnitude, and rows whose components are of many.
        static let scales: [(name: String, scale: @Sendable (inout SplitMix64) -> Float)] = [
            ("1", { _ in 1 }), ("1e-15", { _ in 1e-15 }), ("1e-30", { _ in 1e-30 }), ("1e15", { _ in 1e15 }),
            ("zero", { _ in 0 }),
            (
                "mixed",
                { random in Float(sign: .plus, exponent: -Int(random.next() % 40), significand: 1) }
            ),
        ]

        /// Parts and widths: even and odd, blocks that parts fill, cross and share.
        static let layouts = [
            (1, 1), (1, 3), (1, 8), (3, 5), (6, 8), (48, 8), (4, 33), (2, 40), (1, 384), (12, 12), (7, 30),
        ]

        private static func words(_ query: [Float], _ parts: Int, _ width: Int, _ body: (FixedQuery) -> Void) {
            var words = [Int16](repeating: 99, count: FixedQuery.wordCount(parts: parts, width: width) + 1)
            words.withUnsafeMutableBufferPointer { words in
                guard let base = words.baseAddress else { return }
                body(FixedQuery(query, parts: parts, width: width, words: base))
                #expect(words.last == 99)
            }
        }

        @Test(arguments: [16, 64, 256]) func estimatesKeepTheirErrorAndTheirBits(lanes: Int) {
            var random = SplitMix64(seed: UInt64(lanes))
            for (name, scale) in Self.scales {
                for (parts, width) in Self.layouts {
                    let dimension = parts * width
                    for count in [1, lanes - 1, lanes, lanes + 1, 3 * lanes + 5] {
                        let rows = random.floats(count * dimension).map { $0 * scale(&random) }
                        let query = random.floats(dimension)
                        let panels = FixedPanels(rows: rows, count: count, parts: parts, width: width, lanes: lanes)
                        var first: [Float]?
                        LevelSuite.forEachLevel { level in
                            Self.words(query, parts, width) { fixed in
                                var dots = [Float](repeating: 7, count: panels.resultCount + 1)
                                panels.dots(fixed, isByPart: false, into: &dots)
                                #expect(dots.removeLast() == 7, "\(level)")
                                #expect(first == nil || first == dots, "\(level), \(name), \(parts) x \(width)")
                                first = dots
                                let bound = Double(panels.error(fixed))
                                #expect(bound.isFinite)
                                for row in 0..<count {
                                    let own = Array(rows[row * dimension..<(row + 1) * dimension])
                                    let error = abs(Double(dots[row]) - Oracle.dot(query, own))
                                    #expect(
                                        error <= bound, "\(level), \(name), \(parts) x \(width), row \(row) of \(count)"
                                    )
                                }
                            }
                        }
                    }
                }
            }
        }

        /// A query part for each panel, and the sum of one estimate a part: what a query's table is for.
        @Test(arguments: [(6, 8), (5, 12), (3, 7), (4, 40)]) func everyPanelHasItsPartOfTheQuery(parts: Int, width: Int)
        {
            var random = SplitMix64(seed: UInt64(parts))
            let lanes = 16
            let rows = random.floats(parts * lanes * width)
            let query = random.floats(parts * width)
            var longest = 0.0
            for part in 0..<parts {
                longest +=
                    (0..<lanes).map { lane -> Double in
                        let word = Array(rows[(part * lanes + lane) * width..<(part * lanes + lane + 1) * width])
                        return Oracle.dot(word, word)
                    }.max() ?? 0
            }
            let panels = FixedPanels(rows: rows, count: parts * lanes, parts: 1, width: width, lanes: lanes)
            LevelSuite.forEachLevel { level in
                Self.words(query, parts, width) { fixed in
                    var dots = [Float](repeating: 0, count: panels.resultCount)
                    panels.dots(fixed, isByPart: true, into: &dots)
                    let bound = Double(panels.error(fixed, parts: parts, longest: Float(longest.squareRoot()).nextUp))
                    for lane in 0..<lanes {
                        var (sum, exact) = (0.0, 0.0)
                        for part in 0..<parts {
                            let place = part * lanes + (lane * (part + 3)) % lanes
                            sum += Double(dots[place])
                            exact += Oracle.dot(
                                Array(query[part * width..<(part + 1) * width]),
                                Array(rows[place * width..<(place + 1) * width]))
                        }
                        #expect(abs(sum - exact) <= bound, "\(level), choice \(lane)")
                    }
                    #expect(bound < 1e-3 * longest.squareRoot() * Oracle.dot(query, query).squareRoot())
                }
            }
        }

        /// The largest numbers that a layout allows do not leave 32 bits, whatever their signs.
        @Test func extremesFit() {
            for (parts, width) in Self.layouts {
                let dimension = parts * width
                for peak in [1, dimension] {
                    var row = [Float](repeating: 0, count: dimension)
                    for index in 0..<peak { row[index] = index % 3 == 0 ? -1 : 1 }
                    let panels = FixedPanels(rows: row, count: 1, parts: parts, width: width, lanes: 16)
                    LevelSuite.forEachLevel { level in
                        Self.words(row, parts, width) { fixed in
                            var dots = [Float](repeating: 0, count: 16)
                            panels.dots(fixed, isByPart: false, into: &dots)
                            #expect(
                                abs(Double(dots[0]) - Double(peak)) <= Double(panels.error(fixed)),
                                "\(level), \(parts) x \(width)")
                            #expect(dots[1...].allSatisfy { $0 == 0 })
                        }
                    }
                }
            }
        }

        /// Where single precision cannot hold the products, the error says so.
        @Test(arguments: [Float(1e21), 1e30]) func extremeScalesAreRefused(scale: Float) {
            let row = [Float](repeating: scale, count: 8)
            let panels = FixedPanels(rows: row, count: 1, parts: 1, width: 8, lanes: 16)
            Self.words(row, 1, 8) { #expect(panels.error($0) == .infinity) }
        }
    }
}
