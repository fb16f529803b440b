// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct VectorKernelsTests {
        /// Against the oracle, at byte offsets 0, 4, 8 and 12 from a whole vector register and at an odd one.
        @Test func pairsAgreeWithTheOracle() {
            var random = SplitMix64(seed: 1)
            for dimension in LevelSuite.dimensions {
                let a = random.floats(dimension)
                let b = random.floats(dimension)
                let tolerance = Oracle.tolerance(dimension)
                let dot = (Oracle.dot(a, b), Oracle.dotSize(a, b))
                let l2 = Oracle.squaredL2(a, b)
                let norm = Oracle.squaredNorm(a)
                LevelSuite.forEachLevel { level in
                    var first: [Float]?
                    for offset in [0, 4, 8, 12, 1] {
                        withCopy(of: a, at: offset) { a in
                            withCopy(of: b, at: (offset * 2) % 16) { b in
                                let results = [
                                    VectorKernels.dot(a, b, dimension: dimension),
                                    VectorKernels.squaredL2(a, b, dimension: dimension),
                                    VectorKernels.squaredNorm(a, dimension: dimension),
                                ]
                                #expect(
                                    abs(Double(results[0]) - dot.0) <= dot.1 * tolerance, "dot, \(level), \(dimension)")
                                #expect(
                                    abs(Double(results[1]) - l2) <= l2 * 2 * tolerance, "l2, \(level), \(dimension)")
                                #expect(
                                    abs(Double(results[2]) - norm) <= norm * tolerance, "norm, \(level), \(dimension)")
                                #expect(results == first ?? results, "the address matters, \(level), \(dimension)")
                                first = results
                            }
                        }
                    }
                }
            }
        }

        @Test func rowsHaveTheBitsOfPairs() {
            var random = SplitMix64(seed: 2)
            for dimension in LevelSuite.dimensions {
                let count = dimension > 200 ? 5 : 9
                let query = random.floats(dimension)
                let rows = random.floats(dimension * count)
                LevelSuite.forEachLevel { level in
                    // Counts and first rows differ, the bits must not.
                    for first in 0..<3 {
                        let got = blockResults(query, Array(rows[(first * dimension)...]))
                        let want = pairResults(query, Array(rows[(first * dimension)...]))
                        #expect(got.dots == want.dots, "dot, \(level), \(dimension)")
                        #expect(got.dotsWithNorms == want.dots, "dot with norm, \(level), \(dimension)")
                        #expect(got.norms == want.norms, "norm, \(level), \(dimension)")
                        #expect(got.l2 == want.l2, "l2, \(level), \(dimension)")
                    }
                }
            }
        }

        @Test func theNormHasTheBitsOfTheDotProductWithItself() {
            var random = SplitMix64(seed: 3)
            for dimension in LevelSuite.dimensions {
                let a = random.floats(dimension)
                LevelSuite.forEachLevel { level in
                    #expect(
                        VectorKernels.squaredNorm(a, dimension: dimension)
                            == VectorKernels.dot(a, a, dimension: dimension),
                        "\(level), \(dimension)")
                }
            }
        }

        @Test func nothingIsReadOutsideOfTheRows() throws {
            var random = SplitMix64(seed: 4)
            let queryMemory = try GuardedFloats(bytes: 3072 * 4)
            let rowMemory = try GuardedFloats(bytes: 3072 * 4 * 3)
            defer { withExtendedLifetime((queryMemory, rowMemory)) {} }
            for dimension in LevelSuite.dimensions {
                let query = random.floats(dimension)
                let rows = random.floats(dimension * 3)
                let places = [
                    (queryMemory.first, rowMemory.first), (queryMemory.last, rowMemory.last),
                ]
                for (placeQuery, placeRows) in places {
                    LevelSuite.forEachLevel { level in
                        let want = pairResults(query, rows)
                        let q = placeQuery(query)
                        let r = placeRows(rows)
                        var got = [Float](repeating: 0, count: 3)
                        var norms = got
                        VectorKernels.dotRows(q, rows: r, count: 3, dimension: dimension, into: &got)
                        #expect(got == want.dots, "\(level), \(dimension)")
                        VectorKernels.squaredL2Rows(q, rows: r, count: 3, dimension: dimension, into: &got)
                        #expect(got == want.l2, "\(level), \(dimension)")
                        VectorKernels.dotAndNormRows(
                            q, rows: r, count: 3, dimension: dimension, dots: &got, norms: &norms)
                        #expect(got == want.dots && norms == want.norms, "\(level), \(dimension)")
                        // One vector alone between the pages that must not be touched.
                        let one = placeRows(Array(rows.prefix(dimension)))
                        #expect(VectorKernels.dot(q, one, dimension: dimension) == want.dots[0])
                        #expect(VectorKernels.squaredL2(q, one, dimension: dimension) == want.l2[0])
                        #expect(VectorKernels.squaredNorm(one, dimension: dimension) == want.norms[0])
                    }
                }
            }
        }

        @Test func nothingOfNothingIsZero() {
            let one: [Float] = [7]
            LevelSuite.forEachLevel { level in
                #expect(VectorKernels.dot(one, one, dimension: 0) == 0, "\(level)")
                #expect(VectorKernels.squaredL2(one, one, dimension: 0) == 0, "\(level)")
                var out: [Float] = [3]
                VectorKernels.dotRows(one, rows: one, count: 0, dimension: 1, into: &out)
                VectorKernels.squaredL2Rows(one, rows: one, count: 0, dimension: 1, into: &out)
                #expect(out == [3], "\(level)")
            }
        }

        @Test func notANumberAndInfinityComeThrough() {
            LevelSuite.forEachLevel { level in
                for dimension in [1, 5, 16, 63, 64, 65, 130] {
                    let ones = [Float](repeating: 1, count: dimension)
                    for place in [0, dimension / 2, dimension - 1] {
                        var row = ones
                        row[place] = .nan
                        #expect(VectorKernels.dot(ones, row, dimension: dimension).isNaN, "\(level)")
                        #expect(VectorKernels.squaredL2(ones, row, dimension: dimension).isNaN, "\(level)")
                        row[place] = -.infinity
                        #expect(VectorKernels.dot(ones, row, dimension: dimension) == -.infinity, "\(level)")
                        #expect(VectorKernels.squaredNorm(row, dimension: dimension) == .infinity, "\(level)")
                    }
                }
            }
        }

        private struct Results {
            var dots: [Float] = []
            var dotsWithNorms: [Float] = []
            var norms: [Float] = []
            var l2: [Float] = []
        }

        private func pairResults(_ query: [Float], _ rows: [Float]) -> Results {
            var results = Results()
            let dimension = query.count
            for start in stride(from: 0, to: rows.count, by: dimension) {
                let row = Array(rows[start..<start + dimension])
                results.dots.append(VectorKernels.dot(query, row, dimension: dimension))
                results.norms.append(VectorKernels.squaredNorm(row, dimension: dimension))
                results.l2.append(VectorKernels.squaredL2(query, row, dimension: dimension))
            }
            return results
        }

        private func blockResults(_ query: [Float], _ rows: [Float]) -> Results {
            let dimension = query.count
            let count = rows.count / dimension
            let none = [Float](repeating: .nan, count: count)
            var results = Results(dots: none, dotsWithNorms: none, norms: none, l2: none)
            VectorKernels.dotRows(query, rows: rows, count: count, dimension: dimension, into: &results.dots)
            VectorKernels.squaredL2Rows(query, rows: rows, count: count, dimension: dimension, into: &results.l2)
            VectorKernels.dotAndNormRows(
                query, rows: rows, count: count, dimension: dimension, dots: &results.dotsWithNorms,
                norms: &results.norms)
            return results
        }

        /// Calls `body` with a copy of `values` that begins `offset` bytes after a multiple of 64.
        private func withCopy(of values: [Float], at offset: Int, _ body: (UnsafePointer<Float>) -> Void) {
            let bytes = values.count * MemoryLayout<Float>.size
            withUnsafeTemporaryAllocation(byteCount: bytes + 16, alignment: 64) { memory in
                guard let base = memory.baseAddress else { return }
                let place = base + offset
                values.withUnsafeBytes {
                    place.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(place), byteCount: bytes)
                }
                body(UnsafePointer(place.assumingMemoryBound(to: Float.self)))
            }
        }
    }
}
