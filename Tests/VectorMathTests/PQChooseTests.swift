// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct PQChooseTests {
        @Test(arguments: [16, 256]) func wordsAreThoseOfTheOracle(codewords: Int) throws {
            var random = SplitMix64(seed: 70 + UInt64(codewords))
            let memory = try (0..<4).map { _ in try GuardedFloats(bytes: 48 * 256 * 4) }
            defer { withExtendedLifetime(memory) {} }
            for subVectors in [0, 1, 2, 3, 7, 16, 48] {
                for kind in Kind.allCases {
                    for weight: Float in [0, 0.01, 0.125, 3, -1, .infinity, .nan] {
                        let dots = kind.numbers(subVectors * codewords, &random)
                        let norms = kind.numbers(subVectors * codewords, &random).map { abs($0) }
                        let want = oracle(dots, norms, subVectors, codewords, weight)
                        LevelSuite.forEachLevel { level in
                            for (dots, norms) in [
                                (memory[0].first(dots), memory[1].first(norms)),
                                (memory[2].last(dots), memory[3].last(norms)),
                            ] {
                                var got = [UInt8](repeating: 0xaa, count: subVectors + 1)
                                PQKernels.choose(
                                    dots, norms: norms, subVectors: subVectors, codewords: codewords, weight: weight,
                                    into: &got)
                                #expect(got.removeLast() == 0xaa)
                                #expect(got == want, "\(level), \(subVectors) sub-vectors, \(kind), \(weight)")
                            }
                        }
                    }
                }
            }
        }

        @Test func whereNothingIsANumberTheFirstWordIsTaken() {
            LevelSuite.forEachLevel { level in
                let none = [Float](repeating: .nan, count: 3 * 256)
                var got = [UInt8](repeating: 9, count: 3)
                PQKernels.choose(none, norms: none, subVectors: 3, codewords: 256, weight: 1, into: &got)
                #expect(got == [0, 0, 0], "\(level)")
            }
        }

        private enum Kind: CaseIterable {
            case usual
            /// Few values, and so many equal scores.
            case coarse
            case equal, hostile

            func numbers(_ count: Int, _ random: inout SplitMix64) -> [Float] {
                var numbers = random.floats(count)
                let bad: [Float] = [
                    .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -0.0, .leastNonzeroMagnitude,
                ]
                switch self {
                case .usual: break
                case .coarse: for index in numbers.indices { numbers[index] = (numbers[index] * 2).rounded() }
                case .equal: for index in numbers.indices { numbers[index] = 0.25 }
                case .hostile:
                    for index in stride(from: 0, to: count, by: 11) { numbers[index] = bad[index / 11 % bad.count] }
                }
                return numbers
            }
        }

        /// What `pq.h` says, word by word.
        private func oracle(
            _ dots: [Float], _ norms: [Float], _ subVectors: Int, _ codewords: Int, _ weight: Float
        ) -> [UInt8] {
            var numbers = [Int](repeating: 0, count: subVectors)
            func along(_ j: Int, _ k: Int) -> Float { dots[j * codewords + k] - norms[j * codewords + k] }
            func twice(_ j: Int, _ k: Int) -> Float { along(j, k) + dots[j * codewords + k] }
            func choose(_ j: Int, _ score: (Int) -> Float) {
                var least = Float.infinity
                for k in 0..<codewords where score(k) < least { (least, numbers[j]) = (score(k), k) }
            }
            var all: Float = 0
            for j in 0..<subVectors {
                choose(j) { -twice(j, $0) }
                all += along(j, numbers[j])
            }
            for j in 0..<subVectors {
                let others = all - along(j, numbers[j])
                choose(j) { k in
                    let sum = others + along(j, k)
                    return sum * sum - weight * twice(j, k)
                }
                all = others + along(j, numbers[j])
            }
            return numbers.map { UInt8($0) }
        }
    }
}
