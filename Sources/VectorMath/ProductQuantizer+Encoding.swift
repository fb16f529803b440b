// SPDX-License-Identifier: Apache-2.0

extension ProductQuantizer {
    /// Finds the codes of vectors. Making one packs the codebook, so keep it for all rows.
    package struct Encoder: Sendable {
        private let dimension: Int
        private let width: Int
        private let bits: Int
        private let codeBytes: Int
        private let words: [PackedCentroids]

        package init(_ quantizer: ProductQuantizer) {
            dimension = quantizer.dimension
            width = quantizer.width
            bits = quantizer.bits
            codeBytes = quantizer.codeBytes
            let (width, count) = (quantizer.width, quantizer.words)
            words = quantizer.codebook.withUnsafeBufferPointer { codebook in
                (0..<quantizer.subVectors).map {
                    PackedCentroids(
                        codebook.baseAddress.map { [offset = $0 * count * width] in $0 + offset }, count: count,
                        dimension: width, metric: .l2)
                }
            }
        }

        /// The codes of `count` rows, `codeBytes` for each row; with 4 bits the first sub-vector of a pair is the low
        /// half of their byte. One thread's work: call it for parts of the rows from several.
        ///
        /// - Parameters:
        ///   - rows: row `i` is the `dimension` floats from `rows + i * stride` on.
        package func encode(
            rows: UnsafePointer<Float>, stride: Int, count: Int, into codes: UnsafeMutablePointer<UInt8>
        ) {
            let step = blockRows
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: step) { numbers in
                guard let numbers = numbers.baseAddress else { return }
                for start in Swift.stride(from: 0, to: count, by: step) {
                    encodeBlock(
                        rows + start * stride, stride, min(step, count - start), numbers, codes + start * codeBytes)
                }
            }
        }

        /// The codes of what is left of each row when the centroid of its partition is taken away.
        ///
        /// - Parameters:
        ///   - centroids: centroid `p` is the `dimension` floats from `centroids + p * dimension` on.
        ///   - partitions: the number of each row's centroid.
        package func encode(
            rows: UnsafePointer<Float>, stride: Int, count: Int, less centroids: UnsafePointer<Float>,
            of partitions: UnsafePointer<UInt32>, into codes: UnsafeMutablePointer<UInt8>
        ) {
            let step = blockRows
            let residuals = AlignedBuffer<Float>(step * dimension)
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: step) { numbers in
                guard let numbers = numbers.baseAddress else { return }
                for start in Swift.stride(from: 0, to: count, by: step) {
                    let rowCount = min(step, count - start)
                    for index in 0..<rowCount {
                        let row = rows + (start + index) * stride
                        let centroid = centroids + Int(partitions[start + index]) * dimension
                        let residual = residuals.pointer + index * dimension
                        for component in 0..<dimension { residual[component] = row[component] - centroid[component] }
                    }
                    encodeBlock(residuals.pointer, dimension, rowCount, numbers, codes + start * codeBytes)
                }
            }
        }

        /// Rows whose sub-vectors are taken one after another: they stay in the second-level cache meanwhile.
        private var blockRows: Int { max((64 << 10) / max(dimension, 1) / 12 * 12, 12) }

        private func encodeBlock(
            _ rows: UnsafePointer<Float>, _ stride: Int, _ count: Int, _ numbers: UnsafeMutablePointer<UInt32>,
            _ codes: UnsafeMutablePointer<UInt8>
        ) {
            for (subVector, words) in words.enumerated() {
                words.assign(rows: rows + subVector * width, stride: stride, count: count, into: numbers)
                if bits == 8 {
                    for index in 0..<count {
                        codes[index * codeBytes + subVector] = UInt8(truncatingIfNeeded: numbers[index])
                    }
                } else {
                    let byte = subVector / 2
                    let shift = UInt8(subVector % 2 * 4)
                    for index in 0..<count {
                        // The first of a pair clears what was in the byte before.
                        let other = shift == 0 ? 0 : codes[index * codeBytes + byte]
                        codes[index * codeBytes + byte] = other | UInt8(truncatingIfNeeded: numbers[index]) << shift
                    }
                }
            }
        }
    }
}
