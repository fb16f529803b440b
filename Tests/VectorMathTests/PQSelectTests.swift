// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    /// The same rows and the same bits of their bounds are asked of every level, so the oracle is exact.
    @Suite struct PQSelectTests {
        @Test(arguments: [(8, 3), (4, 6)]) func allCountsAgreeWithTheOracle(bits: Int, subVectors: Int) {
            var random = SplitMix64(seed: UInt64(bits))
            for count in 0...330 {
                let rows = PQOracle(bits: bits, subVectors: subVectors, count: count, gap: count % 7, using: &random)
                let bytes = random.bytes(subVectors * rows.codewords)
                let terms = count % 2 == 0 ? nil : random.floats(count)
                // All, some, a few and none of the rows.
                for threshold in [Float.infinity, 40, 12, -3] {
                    check(rows, bytes, terms: terms, constant: 0.3, step: 0.1, threshold: threshold)
                }
            }
        }

        @Test(arguments: [8, 4]) func allSizesAgreeWithTheOracle(bits: Int) {
            var random = SplitMix64(seed: 10 + UInt64(bits))
            // The sums of 300 bytes leave 16 bits; they wrap.
            for subVectors in [0, 1, 2, 3, 47, 48, 96, 300] where bits == 8 || subVectors % 2 == 0 {
                for count in [1, 31, 32, 63, 64, 65, 127, 316, 512, 513, 577, 1030, 1601] {
                    let rows = PQOracle(bits: bits, subVectors: subVectors, count: count, gap: 3, using: &random)
                    let bytes = random.bytes(subVectors * rows.codewords)
                    let typical = Float(subVectors) * 127.5
                    check(rows, bytes, terms: nil, constant: -1, step: 1 / 3, threshold: typical / 3)
                    check(
                        rows, bytes, terms: random.floats(count, in: -100...100), constant: 5, step: 0.7,
                        threshold: typical * 0.6)
                }
            }
        }

        @Test(arguments: [8, 4]) func theLargestBytesFit16Bits(bits: Int) {
            var random = SplitMix64(seed: 20)
            let rows = PQOracle(bits: bits, subVectors: bits == 4 ? 256 : 257, count: 100, gap: 1, using: &random)
            let bytes = [UInt8](repeating: 255, count: rows.subVectors * rows.codewords)
            check(rows, bytes, terms: nil, constant: 0, step: 1, threshold: 65535)
            check(rows, bytes, terms: nil, constant: 0, step: 1, threshold: 65279)
        }

        @Test(arguments: [8, 4]) func notANumberAndInfinity(bits: Int) {
            var random = SplitMix64(seed: 30)
            for count in [5, 40, 200] {
                let rows = PQOracle(bits: bits, subVectors: 4, count: count, gap: 0, using: &random)
                let bytes = random.bytes(4 * rows.codewords)
                var terms = random.floats(count)
                for row in terms.indices {
                    switch row % 5 {
                    case 0: terms[row] = .nan
                    case 1: terms[row] = .infinity
                    case 2: terms[row] = -.infinity
                    case 3: terms[row] = -0.0
                    default: break
                    }
                }
                let numbers: [Float] = [0, -0.0, 1, .infinity, -.infinity, .nan, .greatestFiniteMagnitude]
                for constant in numbers {
                    for step in numbers {
                        for threshold in numbers + [300] {
                            check(rows, bytes, terms: terms, constant: constant, step: step, threshold: threshold)
                            check(rows, bytes, terms: nil, constant: constant, step: step, threshold: threshold)
                        }
                    }
                }
            }
        }

        @Test(arguments: [8, 4]) func nothingIsReadOutsideOfTheArguments(bits: Int) throws {
            var random = SplitMix64(seed: 40)
            let memory = try (0..<6).map { _ in try GuardedFloats(bytes: 256 * 48) }
            defer { withExtendedLifetime(memory) {} }
            for subVectors in [2, 6] {
                for count in [1, 15, 16, 17, 31, 33, 63, 64, 65, 100, 316, 530] {
                    let rows = PQOracle(bits: bits, subVectors: subVectors, count: count, gap: 0, using: &random)
                    let bytes = random.bytes(subVectors * rows.codewords)
                    let terms = random.floats(count)
                    let want = rows.select(bytes: bytes, terms: terms, constant: 0, step: 1, threshold: 300)
                    LevelSuite.forEachLevel { level in
                        for (codes, bytes, terms) in [
                            (memory[0].firstBytes(rows.codes), memory[1].firstBytes(bytes), memory[2].first(terms)),
                            (memory[3].lastBytes(rows.codes), memory[4].lastBytes(bytes), memory[5].last(terms)),
                        ] {
                            let got = rows.kernelSelect(
                                codes: codes, bytes: bytes, terms: terms, constant: 0, step: 1, threshold: 300)
                            #expect(got == want, "\(level), \(count) rows")
                        }
                    }
                }
            }
        }

        private func check(
            _ rows: PQOracle, _ bytes: [UInt8], terms: [Float]?, constant: Float, step: Float, threshold: Float
        ) {
            let want = rows.select(bytes: bytes, terms: terms, constant: constant, step: step, threshold: threshold)
            LevelSuite.forEachLevel { level in
                let got =
                    if let terms {
                        rows.kernelSelect(
                            bytes: bytes, terms: terms, constant: constant, step: step, threshold: threshold)
                    } else {
                        rows.kernelSelect(
                            bytes: bytes, terms: nil, constant: constant, step: step, threshold: threshold)
                    }
                #expect(
                    got == want,
                    "\(level), \(rows.count) rows, \(rows.subVectors) sub-vectors, \(constant) \(step) \(threshold)")
            }
        }
    }
}

extension SplitMix64 {
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}
