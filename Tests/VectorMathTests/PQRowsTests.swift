// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct PQRowsTests {
        @Test(arguments: [8, 4]) func sumsHaveTheBitsOfTheOracle(bits: Int) throws {
            var random = SplitMix64(seed: UInt64(bits))
            let memory = try (0..<4).map { _ in try GuardedFloats(bytes: 330 * 48 * 4) }
            defer { withExtendedLifetime(memory) {} }
            for subVectors in [0, 1, 2, 6, 48] where bits == 8 || subVectors % 2 == 0 {
                for count in Array(0...70) + [127, 128, 129, 316] {
                    let rows = PQOracle(bits: bits, subVectors: subVectors, count: count, gap: 0, using: &random)
                    var table = random.floats(subVectors * rows.codewords)
                    if let last = table.indices.last, count > 20 { table[last] = .infinity }
                    let want = rows.sums(table: table)
                    LevelSuite.forEachLevel { level in
                        for (codes, table) in [
                            (memory[0].firstBytes(rows.codes), memory[1].first(table)),
                            (memory[2].lastBytes(rows.codes), memory[3].last(table)),
                        ] {
                            var sums = [Float](repeating: 7, count: count + 16)
                            let sum = bits == 4 ? PQKernels.sum4 : PQKernels.sum8
                            sum(codes, rows.stride, count, subVectors, table, &sums)
                            #expect(sums[count...].allSatisfy { $0 == 7 }, "\(level)")
                            #expect(Array(sums[..<count]) == want, "\(level), \(count) rows, \(subVectors)")
                        }
                    }
                }
            }
        }

        @Test(arguments: [8, 4]) func distancesAgreeWithTheOracle(bits: Int) throws {
            var random = SplitMix64(seed: 2 + UInt64(bits))
            let memory = try (0..<6).map { _ in try GuardedFloats(bytes: 48 * 256 * 16 * 4) }
            defer { withExtendedLifetime(memory) {} }
            for width in [1, 2, 3, 4, 5, 7, 8, 9, 16, 24, 30] {
                for subVectors in [2, 6, width == 16 ? 48 : 8] + (bits == 8 ? [1, 3] : []) {
                    let rows = PQOracle(bits: bits, subVectors: subVectors, count: 90, gap: 2, using: &random)
                    let vector = random.floats(subVectors * width)
                    let codebook = random.floats(subVectors * rows.codewords * width)
                    let numbers = (0..<23).map { _ in UInt32.random(in: 0..<90, using: &random) }
                    let vectors = numbers.map { rows.vector(Int($0), codebook: codebook, width: width) }
                    // Four running sums at least for widths of four and more, one below.
                    let tolerance = Double(vector.count + 16) * 0x1p-24
                    LevelSuite.forEachLevel { level in
                        for (vectorPlace, codebookPlace, codes) in [
                            (memory[0].first(vector), memory[1].first(codebook), memory[2].firstBytes(rows.codes)),
                            (memory[3].last(vector), memory[4].last(codebook), memory[5].lastBytes(rows.codes)),
                        ] {
                            func distances(_ numbers: [UInt32], l2: Bool) -> [Float] {
                                var out = [Float](repeating: 7, count: numbers.count + 1)
                                let kernel = l2 ? PQKernels.squaredL2Rows : PQKernels.dotRows
                                kernel(
                                    vectorPlace, codebookPlace, subVectors, width, bits, codes, rows.stride, numbers,
                                    numbers.count, &out)
                                #expect(out.removeLast() == 7, "\(level)")
                                return out
                            }
                            let l2 = distances(numbers, l2: true)
                            let dots = distances(numbers, l2: false)
                            for (i, row) in vectors.enumerated() {
                                let wantL2 = Oracle.squaredL2(vector, row)
                                let wantDot = Oracle.dot(vector, row)
                                #expect(abs(Double(l2[i]) - wantL2) <= wantL2 * 2 * tolerance, "\(level), \(width)")
                                #expect(
                                    abs(Double(dots[i]) - wantDot) <= Oracle.dotSize(vector, row) * tolerance,
                                    "\(level), \(width)")
                            }
                            // A row alone, and among others, has the same bits.
                            for length in [0, 1, 2, 3, 5] {
                                let some = Array(numbers.suffix(length))
                                #expect(distances(some, l2: true) == Array(l2.suffix(length)), "\(level)")
                                #expect(distances(some, l2: false) == Array(dots.suffix(length)), "\(level)")
                            }
                        }
                    }
                }
            }
        }

        @Test func notANumberComesThrough() {
            var random = SplitMix64(seed: 60)
            let rows = PQOracle(bits: 8, subVectors: 3, count: 9, gap: 0, using: &random)
            for width in [1, 3, 8, 11] {
                let vector = random.floats(3 * width)
                let codebook = [Float](repeating: .nan, count: 3 * 256 * width)
                LevelSuite.forEachLevel { level in
                    var out = [Float](repeating: 0, count: 9)
                    PQKernels.squaredL2Rows(
                        vector, codebook: codebook, subVectors: 3, width: width, bits: 8, codes: rows.codes,
                        stride: rows.stride, rows: Array(0..<9), count: 9, into: &out)
                    #expect(out.allSatisfy { $0.isNaN }, "\(level)")
                }
            }
        }

        /// All parts together: a bound is never above the table's sum by more than `pq.h` says.
        @Test(arguments: [8, 4]) func boundsAreBelowTheSums(bits: Int) {
            var random = SplitMix64(seed: 70)
            let rows = PQOracle(bits: bits, subVectors: 48, count: 316, gap: 1, using: &random)
            let table = random.floats(48 * rows.codewords)
            let terms = random.floats(316, in: 0...9)
            let scaled = table.map { -2 * $0 }
            let exact = (0..<316).map { row in
                (0..<48).reduce(Double(terms[row])) { $0 + Double(scaled[$1 * rows.codewords + rows.code($1, row)]) }
            }
            LevelSuite.forEachLevel { level in
                var bytes = [UInt8](repeating: 0, count: table.count)
                let scale = PQKernels.quantize(
                    table, scale: -2, subVectors: 48, codewords: rows.codewords, into: &bytes)
                let bounds = rows.kernelSelect(
                    bytes: bytes, terms: terms, constant: scale.bias, step: scale.step, threshold: .infinity)
                #expect(bounds?.count == 316, "\(level)")
                for (bound, exact) in zip(bounds ?? [], exact) {
                    let bound = Double(Float(bitPattern: bound.bits))
                    let slack = 0x1p-22 * (Double(abs(scale.bias)) + 9 + Double(scale.step) * 48 * 255)
                    #expect(bound <= exact + slack, "\(level)")
                    #expect(bound + 48 * Double(scale.step) + slack > exact, "\(level)")
                }
            }
        }
    }
}
