// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct BalancedEncoderTests {
        @Test(arguments: [4, 8]) func wordsThatServeTheOrderOfDistancesAreChosen(_ bits: Int) throws {
            let rows = try EncodedRows(seed: 80, bits: bits)
            let (plain, balanced) = (rows.nearestCodes(), rows.balancedCodes())
            let (before, after) = (rows.objective(plain), rows.objective(balanced))
            #expect(after.total < before.total)
            #expect(after.along < before.along / 4)
            #expect(after.error < before.error * 1.15)
            for among in [10, 20, 30] {
                let (before, after) = (rows.recall(plain, among: among), rows.recall(balanced, among: among))
                #expect(after > before, "among \(among): \(before) before, \(after) after")
            }
        }

        @Test(arguments: [4, 8]) func noRowsScoreGrows(_ bits: Int) throws {
            let rows = try EncodedRows(seed: 81, bits: bits)
            let (plain, balanced) = (rows.nearestCodes(), rows.balancedCodes())
            for row in 0..<rows.count {
                #expect(rows.score(balanced, row) <= rows.score(plain, row) * 1.0001 + 1e-7)
            }
        }

        /// A row's codes depend neither on the rows beside it, nor on the unit of the vectors.
        @Test func aRowStandsForItself() throws {
            let rows = try EncodedRows(seed: 82, bits: 8)
            let all = rows.balancedCodes()
            var apart: [UInt8] = []
            for start in stride(from: 0, to: rows.count, by: 7) {
                apart += rows.balancedCodes(start..<min(start + 7, rows.count))
            }
            #expect(apart == all)
            // A power of two rounds nothing.
            #expect(rows.scaled(by: 1024).balancedCodes() == all)
        }

        @Test func rowsOnTheirCentroidGetTheShortestWords() throws {
            let quantizer = ProductQuantizer(
                dimension: 2, subVectors: 2, bits: 4, codebook: (0..<32).map { Float(($0 + 5) % 16) + 1 })
            var codes: [UInt8] = [0]
            ProductQuantizer.BalancedEncoder(quantizer).encode(
                rows: [3, 4], stride: 2, count: 1, less: [3, 4], of: [0], into: &codes)
            #expect(codes == [11 | 11 << 4])
        }
    }
}

/// Unit vectors in clusters and queries of the same kind, with a codebook for what is left of them without the centre
/// of their cluster.
private struct EncodedRows {
    let bits: Int
    let count = 6000
    let dimension = 32
    private let subVectors: Int
    private let clusters = 30
    private let rows: [Float]
    private let queries: [[Float]]
    private let centroids: [Float]
    private let partitions: [UInt32]
    private let quantizer: ProductQuantizer

    init(seed: UInt64, bits: Int) throws {
        self.bits = bits
        let subVectors = bits == 8 ? 8 : 16
        self.subVectors = subVectors
        var random = SplitMix64(seed: seed)
        // Sums of uniform numbers, whose distribution is near to the normal one.
        func bell() -> Float { random.floats(6).reduce(0, +) / 1.41421356 }
        func unit(_ vector: [Float]) -> [Float] {
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { $0 / length }
        }
        let dimension = dimension
        let centers = (0..<clusters).map { _ in (0..<dimension).map { _ in bell() } }
        func near(_ cluster: Int) -> [Float] { unit(centers[cluster].map { $0 + 0.8 * bell() }) }
        partitions = (0..<count).map { UInt32($0 % 30) }
        rows = partitions.flatMap { near(Int($0)) }
        queries = (0..<200).map { near($0 % 30) }
        centroids = centers.flatMap { unit($0).map { $0 * 0.75 } }
        var residuals = rows
        for index in residuals.indices {
            residuals[index] -= centroids[Int(partitions[index / dimension]) * dimension + index % dimension]
        }
        let width = dimension / subVectors
        quantizer = try ProductQuantizer.train(
            dimension: dimension, subVectors: subVectors, bits: bits, rowCount: count,
            fill: { [residuals] subVector, range, place in
                for row in range {
                    for index in 0..<width {
                        place[(row - range.lowerBound) * width + index] =
                            residuals[row * dimension + subVector * width + index]
                    }
                }
            })
    }

    private init(_ other: EncodedRows, scale: Float) {
        bits = other.bits
        subVectors = other.subVectors
        rows = other.rows.map { $0 * scale }
        queries = other.queries
        centroids = other.centroids.map { $0 * scale }
        partitions = other.partitions
        quantizer = ProductQuantizer(
            dimension: other.dimension, subVectors: other.subVectors, bits: other.bits,
            codebook: other.quantizer.codebook.map { $0 * scale })
    }

    func scaled(by scale: Float) -> EncodedRows { EncodedRows(self, scale: scale) }

    func nearestCodes() -> [UInt8] {
        var codes = [UInt8](repeating: 0, count: count * quantizer.codeBytes)
        ProductQuantizer.Encoder(quantizer).encode(
            rows: rows, stride: dimension, count: count, less: centroids, of: partitions, into: &codes)
        return codes
    }

    func balancedCodes(_ range: Range<Int>? = nil) -> [UInt8] {
        let range = range ?? 0..<count
        var codes = [UInt8](repeating: 0xaa, count: range.count * quantizer.codeBytes)
        ProductQuantizer.BalancedEncoder(quantizer).encode(
            rows: Array(rows[range.lowerBound * dimension..<range.upperBound * dimension]), stride: dimension,
            count: range.count, less: centroids, of: Array(partitions[range]), into: &codes)
        return codes
    }

    /// What a row's codes stand for.
    private func words(_ codes: [UInt8], _ row: Int) -> [Float] {
        (0..<subVectors).flatMap { subVector -> ArraySlice<Float> in
            let code =
                bits == 8
                ? Int(codes[row * subVectors + subVector])
                : Int(codes[(row * subVectors + subVector) / 2]) >> (subVector % 2 * 4) & 15
            let place = (subVector * quantizer.words + code) * quantizer.width
            return quantizer.codebook[place..<place + quantizer.width]
        }
    }

    /// (w.e)², |e|² and |r|² of a row.
    private func parts(_ codes: [UInt8], _ row: Int) -> (along: Double, error: Double, length: Double) {
        var (along, error, length) = (0.0, 0.0, 0.0)
        for (index, word) in words(codes, row).enumerated() {
            let residual = Double(
                rows[row * dimension + index] - centroids[Int(partitions[row]) * dimension + index])
            along += Double(word) * (residual - Double(word))
            error += (residual - Double(word)) * (residual - Double(word))
            length += residual * residual
        }
        return (along * along, error, length)
    }

    func score(_ codes: [UInt8], _ row: Int) -> Double {
        let parts = parts(codes, row)
        return parts.along + parts.length * parts.error / 8
    }

    /// Means over the rows.
    func objective(_ codes: [UInt8]) -> (total: Double, along: Double, error: Double) {
        var sums = (total: 0.0, along: 0.0, error: 0.0)
        for row in 0..<count {
            let parts = parts(codes, row)
            sums.along += parts.along / Double(count)
            sums.error += parts.error / Double(count)
            sums.total += score(codes, row) / Double(count)
        }
        return sums
    }

    /// How many of the queries' 10 nearest rows are among those whose codes are nearest.
    func recall(_ codes: [UInt8], among: Int) -> Double {
        let coded = (0..<count).map { row -> [Float] in
            let start = Int(partitions[row]) * dimension
            return zip(centroids[start..<start + dimension], words(codes, row)).map { $0 + $1 }
        }
        var found = 0
        for query in queries {
            let near = nearest(10) { row in distance(query, rows[row * dimension..<(row + 1) * dimension]) }
            let candidates = Set(nearest(among) { row in distance(query, coded[row][...]) })
            found += near.count { candidates.contains($0) }
        }
        return Double(found) / Double(10 * queries.count)
    }

    private func nearest(_ wanted: Int, _ distance: (Int) -> Float) -> [Int] {
        var best = TopK(wanted)
        for row in 0..<count { best.insert(distance: distance(row), address: UInt64(row)) }
        return best.sorted().map { Int($0.address) }
    }

    private func distance(_ query: [Float], _ row: ArraySlice<Float>) -> Float {
        row.withUnsafeBufferPointer { row in
            row.baseAddress.map { VectorKernels.squaredL2(query, $0, dimension: dimension) } ?? .infinity
        }
    }
}
