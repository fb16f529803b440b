// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct ProductQuantizerTests {
        @Test(arguments: [4, 8])
        func theSameSeedGivesTheSameBitsForAnyNumberOfThreads(_ bits: Int) throws {
            let rows = rows(count: 3000, dimension: 24, seed: 31)
            let one = try train(rows, dimension: 24, subVectors: 6, bits: bits, threads: 1)
            for threads in [2, 5] {
                let other = try train(rows, dimension: 24, subVectors: 6, bits: bits, threads: threads)
                #expect(other.codebook == one.codebook)
            }
            #expect(one.codebook.count == 24 << bits)
            #expect(one.codeBytes == 6 * bits / 8)
        }

        @Test(arguments: [4, 8])
        func aCodeIsThatOfTheNearestWord(_ bits: Int) throws {
            let dimension = 30
            let rows = rows(count: 700, dimension: dimension, seed: 32)
            let quantizer = try train(rows, dimension: dimension, subVectors: 10, bits: bits, threads: 2)
            LevelSuite.forEachLevel { level in
                // Rows apart, and codes between bytes that must stay.
                let stride = dimension + 2
                var apart = [Float](repeating: .nan, count: 700 * stride)
                for index in rows.indices { apart[index / dimension * stride + index % dimension] = rows[index] }
                var codes = [UInt8](repeating: 0xaa, count: 700 * quantizer.codeBytes + 8)
                codes.withUnsafeMutableBufferPointer { codes in
                    guard let base = codes.baseAddress else { return }
                    ProductQuantizer.Encoder(quantizer).encode(rows: apart, stride: stride, count: 700, into: base + 4)
                }
                #expect(codes.prefix(4).allSatisfy { $0 == 0xaa } && codes.suffix(4).allSatisfy { $0 == 0xaa })
                for row in 0..<700 {
                    let own = Array(codes[(4 + row * quantizer.codeBytes)..<(4 + (row + 1) * quantizer.codeBytes)])
                    for subVector in 0..<10 {
                        let distances = distances(quantizer, rows, row, subVector)
                        let word = code(own, subVector, bits)
                        #expect(distances[word] <= (distances.min() ?? 0) + 1e-5, "\(level), \(row), \(subVector)")
                    }
                }
            }
        }

        @Test func encodingLessCentroidsIsEncodingTheDifference() throws {
            let dimension = 16
            let rows = rows(count: 5000, dimension: dimension, seed: 33)
            let quantizer = try train(rows, dimension: dimension, subVectors: 4, bits: 8, threads: 2)
            var random = SplitMix64(seed: 34)
            let centroids = random.floats(9 * dimension)
            let partitions = (0..<5000).map { _ in UInt32(random.below(9)) }
            let residuals = rows.indices.map { index in
                rows[index] - centroids[Int(partitions[index / dimension]) * dimension + index % dimension]
            }
            let encoder = ProductQuantizer.Encoder(quantizer)
            var want = [UInt8](repeating: 0, count: 5000 * 4)
            var got = want
            encoder.encode(rows: residuals, stride: dimension, count: 5000, into: &want)
            encoder.encode(
                rows: rows, stride: dimension, count: 5000, less: centroids, of: partitions, into: &got)
            #expect(got == want)
        }

        @Test func wordsOfFewRowsAreTheRows() throws {
            for count in [1, 10, 256] {
                let rows = rows(count: count, dimension: 8, seed: 35)
                let quantizer = try train(rows, dimension: 8, subVectors: 2, bits: 8, threads: 2)
                #expect(quantizer.codebook.allSatisfy { $0.isFinite })
                for row in 0..<count {
                    for subVector in 0..<2 {
                        #expect((distances(quantizer, rows, row, subVector).min() ?? 1) < 1e-6)
                    }
                }
            }
        }

        @Test func moreWordsMeanLessError() throws {
            let rows = rows(count: 8000, dimension: 16, seed: 36)
            let four = error(try train(rows, dimension: 16, subVectors: 4, bits: 4, threads: 2), rows)
            let eight = error(try train(rows, dimension: 16, subVectors: 4, bits: 8, threads: 2), rows)
            // Uniform numbers, 4 to a word: an ideal lattice has about a quarter of the error for 4 bits more.
            #expect(eight < four / 2.5)
            #expect(eight < 16 * 0.03)
        }

        @Test func progressAndFailures() throws {
            struct Broken: Error {}
            let rows = rows(count: 2000, dimension: 8, seed: 37)
            let seen = Mutex(0.0)
            _ = try train(rows, dimension: 8, subVectors: 4, bits: 8, threads: 2) { part in seen.withLock { $0 = part }
            }
            #expect(seen.withLock { $0 } == 1)
            #expect(throws: Broken.self) {
                try train(rows, dimension: 8, subVectors: 4, bits: 8, threads: 2) { _ in throw Broken() }
            }
            #expect(throws: Broken.self) {
                try ProductQuantizer.train(
                    dimension: 8, subVectors: 4, bits: 8, rowCount: 2000,
                    fill: { subVector, _, _ in if subVector == 2 { throw Broken() } })
            }
        }

        private func rows(count: Int, dimension: Int, seed: UInt64) -> [Float] {
            var random = SplitMix64(seed: seed)
            return random.floats(count * dimension)
        }

        @discardableResult
        private func train(
            _ rows: [Float], dimension: Int, subVectors: Int, bits: Int, threads: Int,
            progress: @escaping @Sendable (Double) throws -> Void = { _ in }
        ) throws -> ProductQuantizer {
            var options = ProductQuantizer.Training()
            options.threads = threads
            options.seed = 3
            let width = dimension / subVectors
            return try ProductQuantizer.train(
                dimension: dimension, subVectors: subVectors, bits: bits, rowCount: rows.count / dimension,
                options: options,
                fill: { subVector, range, place in
                    for row in range {
                        for index in 0..<width {
                            place[(row - range.lowerBound) * width + index] =
                                rows[row * dimension + subVector * width + index]
                        }
                    }
                }, progress: progress)
        }

        private func code(_ codes: [UInt8], _ subVector: Int, _ bits: Int) -> Int {
            bits == 8 ? Int(codes[subVector]) : Int(codes[subVector / 2] >> UInt8(subVector % 2 * 4)) & 15
        }

        /// Of a sub-vector of a row from all words.
        private func distances(_ quantizer: ProductQuantizer, _ rows: [Float], _ row: Int, _ subVector: Int) -> [Double]
        {
            let width = quantizer.width
            return (0..<quantizer.words).map { word in
                (0..<width).reduce(0.0) { sum, index in
                    let value = Double(rows[row * quantizer.dimension + subVector * width + index])
                    let part = Double(quantizer.codebook[(subVector * quantizer.words + word) * width + index])
                    return sum + (value - part) * (value - part)
                }
            }
        }

        private func error(_ quantizer: ProductQuantizer, _ rows: [Float]) -> Double {
            let count = rows.count / quantizer.dimension
            var sum = 0.0
            for row in stride(from: 0, to: count, by: 10) {
                for subVector in 0..<quantizer.subVectors {
                    sum += distances(quantizer, rows, row, subVector).min() ?? 0
                }
            }
            return sum / Double(count / 10)
        }
    }
}
