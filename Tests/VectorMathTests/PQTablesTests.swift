// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct PQTablesTests {
        @Test(arguments: [16, 256]) func dotProductsAgreeWithTheOracle(codewords: Int) throws {
            var random = SplitMix64(seed: UInt64(codewords))
            let memory = try (0..<4).map { _ in try GuardedFloats(bytes: 48 * 16 * 256 * 4) }
            defer { withExtendedLifetime(memory) {} }
            for width in [1, 2, 3, 8, 16, 24] {
                for subVectors in [0, 1, 2, 3, 4, 5, 9, width == 16 ? 48 : 7] {
                    let query = random.floats(subVectors * width)
                    let words = random.floats(subVectors * width * codewords)
                    let want = (0..<subVectors * codewords).map { place -> (dot: Double, slack: Double) in
                        let (j, k) = place.quotientAndRemainder(dividingBy: codewords)
                        let word = (0..<width).map { words[(j * width + $0) * codewords + k] }
                        let part = Array(query[j * width..<(j + 1) * width])
                        return (Oracle.dot(part, word), Oracle.dotSize(part, word) * Double(width + 1) * 0x1p-24)
                    }
                    LevelSuite.forEachLevel { level in
                        var results: [[Float]] = []
                        for (query, words) in [
                            (memory[0].first(query), memory[1].first(words)),
                            (memory[2].last(query), memory[3].last(words)),
                        ] {
                            var table = [Float](repeating: 7, count: want.count + 1)
                            PQKernels.dotTable(
                                query, words: words, subVectors: subVectors, width: width, codewords: codewords,
                                into: &table)
                            #expect(table.removeLast() == 7, "\(level)")
                            #expect(
                                zip(table, want).allSatisfy { abs(Double($0) - $1.dot) <= $1.slack },
                                "\(level), \(subVectors) x \(width)")
                            results.append(table)
                        }
                        #expect(results[0] == results[1], "the address matters, \(level)")
                    }
                }
            }
        }

        /// The promise of `pq.h` for each entry: never above the number that it stands for, and less than a step below.
        @Test(arguments: [16, 256]) func bytesAreLowerBounds(codewords: Int) {
            var random = SplitMix64(seed: 2 + UInt64(codewords))
            for subVectors in [1, 2, 3, 47, 48, 96, 257, 258, 300] {
                for scale in [Float(1), -2, 0.3, -1e-9, 1e20] {
                    check(random.floats(subVectors * codewords), scale, subVectors, codewords)
                    check(random.floats(subVectors * codewords, in: 5...6), scale, subVectors, codewords)
                    check(random.steps(subVectors, codewords), scale, subVectors, codewords)
                }
            }
            check(random.floats(codewords), 1, 1, codewords)
            // Fewer than two levels are left for each.
            check(random.floats(40_000 * 16), 1, 40_000, 16)
        }

        @Test(arguments: [16, 256]) func equalNumbersGiveNoSteps(codewords: Int) {
            LevelSuite.forEachLevel { level in
                // Differences within a sub-vector count, those between sub-vectors do not.
                let table = (0..<3 * codewords).map { Float($0 / codewords) }
                let (bytes, scale) = quantize(table, -2, 3, codewords)
                #expect(bytes.allSatisfy { $0 == 0 }, "\(level)")
                #expect(scale.step == 1 && scale.bias <= -6 && scale.bias > -6.00001, "\(level)")
                // A step that small would have too few digits.
                let (tiny, tinyScale) = quantize(table.indices.map { Float($0) * 0x1p-149 }, 1, 3, codewords)
                #expect(tiny.allSatisfy { $0 == 0 } && tinyScale.step == 1 && abs(tinyScale.bias) < 1e-30, "\(level)")
                #expect(quantize([], 1, 0, codewords).scale == PQKernels.Scale(step: 1, bias: 0), "\(level)")
            }
        }

        @Test(arguments: [16, 256]) func hostileNumbersDoNoHarm(codewords: Int) {
            var random = SplitMix64(seed: 50)
            let bad: [Float] = [
                .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
                .leastNonzeroMagnitude, .signalingNaN, -0.0,
            ]
            for round in 0..<300 {
                let subVectors = [1, 3, 8][round % 3]
                var table = random.floats(subVectors * codewords)
                for _ in 0..<1 + round % 7 * 4 {
                    table[Int.random(in: table.indices, using: &random)] = bad[round / 2 % bad.count]
                }
                if round % 10 == 0 { table.replaceSubrange(0..<codewords, with: repeatElement(.nan, count: codewords)) }
                let scale: Float = round % 11 == 0 ? bad[round / 11 % bad.count] : round % 2 == 0 ? -2 : 1
                check(table, scale, subVectors, codewords)
            }
        }

        private func quantize(
            _ table: [Float], _ scale: Float, _ subVectors: Int, _ codewords: Int
        ) -> (bytes: [UInt8], scale: PQKernels.Scale) {
            var bytes = [UInt8](repeating: 99, count: table.count + 1)
            let scale = PQKernels.quantize(
                table, scale: scale, subVectors: subVectors, codewords: codewords, into: &bytes)
            #expect(bytes.removeLast() == 99)
            return (bytes, scale)
        }

        private func check(_ table: [Float], _ scale: Float, _ subVectors: Int, _ codewords: Int) {
            var first: (bytes: [UInt8], scale: PQKernels.Scale)?
            LevelSuite.forEachLevel { level in
                let got = quantize(table, scale, subVectors, codewords)
                if let first {
                    #expect(got.bytes == first.bytes, "\(level), \(subVectors) sub-vectors")
                    #expect(got.scale == first.scale, "\(level), \(subVectors) sub-vectors")
                } else {
                    first = got
                }
            }
            guard let (bytes, result) = first else { return }
            let most = min(255, 65535 / subVectors)
            #expect(bytes.allSatisfy { $0 <= most })
            #expect(result.step > 0 && result.step.isFinite)
            guard result.bias.isFinite else {
                #expect(result.bias == -.infinity && bytes.allSatisfy { $0 == 0 })
                return
            }
            let step = Double(result.step)
            var lows = 0.0
            var size = 0.0
            for j in 0..<subVectors {
                let numbers = table[j * codewords..<(j + 1) * codewords].map { Double(scale * $0) }
                guard let low = numbers.filter({ !$0.isNaN }).min() else { continue }
                lows += low
                size += abs(low)
                for (number, byte) in zip(numbers, bytes[(j * codewords)...]) where !number.isNaN {
                    let lower = Double(byte) * step
                    let upper = (Double(byte) + 1) * step * (1 + 0x1p-20)
                    if lower > number - low || number - low >= upper {
                        Issue.record("\(number) - \(low) is not in [\(lower), \(upper))")
                    }
                }
            }
            #expect(Double(result.bias) <= lows && Double(result.bias) >= lows - size * 0x1p-20 - 0x1p-140)
        }
    }
}

extension SplitMix64 {
    /// Numbers at the borders between two bytes, and the floats next to them.
    fileprivate mutating func steps(_ subVectors: Int, _ codewords: Int) -> [Float] {
        (0..<subVectors).flatMap { _ in
            let range = Float.random(in: 0.1...3, using: &self)
            return (0..<codewords).map { k -> Float in
                let border = range * (Float(k) / Float(codewords - 1))
                return k == 0 ? 0 : [border, border.nextUp, border.nextDown][k % 3]
            }
        }
    }
}
