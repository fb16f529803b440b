// SPDX-License-Identifier: Apache-2.0

extension ProductQuantizer {
    /// Finds codes that keep the order of distances better than the nearest words do. Making one copies the codebook,
    /// so keep it for all rows.
    ///
    /// Let r be what is left of a row when the centroid is taken away, w what its codes stand for and e = r - w. A query
    /// whose residual is s sees the row at |s - w|² instead of |s - r|²: off by |e|² + 2 e.(s - r). The residuals of
    /// queries that the row is a neighbour of point its way, at about half of its length, so that this is |e|² - r.e =
    /// -w.e on average, and noise around it that grows with |e|². The nearest words keep the noise alone small. Here
    /// they are where a search for the smallest (w.e)² + |r|² |e|² / 8 begins, in which each sub-vector has one turn.
    ///
    /// Both parts grow with the fourth power of a row's length: neither the unit of the vectors nor another row has a
    /// say in a row's codes.
    package struct BalancedEncoder: Sendable {
        /// The weight of |e|², in |r|². Between half and twice of it recall is nearly the same.
        private static let noise: Float = 1 / 8

        private let quantizer: ProductQuantizer
        /// The code words of a sub-vector side by side, then the squared norm of each.
        private let tables: AlignedBuffer<Float>

        package init(_ quantizer: ProductQuantizer) {
            self.quantizer = quantizer
            let (width, words) = (quantizer.width, quantizer.words)
            tables = AlignedBuffer(repeating: 0, count: quantizer.codebook.count + quantizer.subVectors * words)
            let norms = tables.pointer + quantizer.codebook.count
            quantizer.codebook.withUnsafeBufferPointer { codebook in
                guard let codebook = codebook.baseAddress else { return }
                for word in 0..<quantizer.subVectors * words {
                    let source = codebook + word * width
                    let target = tables.pointer + word / words * width * words + word % words
                    for component in 0..<width { target[component * words] = source[component] }
                    norms[word] = VectorKernels.squaredNorm(source, dimension: width)
                }
            }
        }

        /// The codes of what is left of each row when the centroid of its partition is taken away, in the form that
        /// `Encoder` gives them. One thread's work: call it for parts of the rows from several.
        ///
        /// - Parameters:
        ///   - rows: row `i` is the `dimension` floats from `rows + i * stride` on.
        ///   - centroids: centroid `p` is the `dimension` floats from `centroids + p * dimension` on.
        ///   - partitions: the number of each row's centroid.
        package func encode(
            rows: UnsafePointer<Float>, stride: Int, count: Int, less centroids: UnsafePointer<Float>,
            of partitions: UnsafePointer<UInt32>, into codes: UnsafeMutablePointer<UInt8>
        ) {
            let (dimension, subVectors) = (quantizer.dimension, quantizer.subVectors)
            let residual = AlignedBuffer<Float>(dimension)
            let dots = AlignedBuffer<Float>(subVectors * quantizer.words)
            let numbers = AlignedBuffer<UInt8>(subVectors)
            for index in 0..<count {
                let row = rows + index * stride
                let centroid = centroids + Int(partitions[index]) * dimension
                for component in 0..<dimension { residual.pointer[component] = row[component] - centroid[component] }
                PQKernels.dotTable(
                    residual.pointer, words: tables.pointer, subVectors: subVectors, width: quantizer.width,
                    codewords: quantizer.words, into: dots.pointer)
                PQKernels.choose(
                    dots.pointer, norms: tables.pointer + quantizer.codebook.count, subVectors: subVectors,
                    codewords: quantizer.words,
                    weight: VectorKernels.squaredNorm(residual.pointer, dimension: dimension) * Self.noise,
                    into: numbers.pointer)
                pack(numbers.pointer, into: codes + index * quantizer.codeBytes)
            }
        }

        private func pack(_ numbers: UnsafePointer<UInt8>, into codes: UnsafeMutablePointer<UInt8>) {
            if quantizer.bits == 8 {
                codes.update(from: numbers, count: quantizer.subVectors)
            } else {
                for byte in 0..<quantizer.codeBytes { codes[byte] = numbers[2 * byte] | numbers[2 * byte + 1] << 4 }
            }
        }
    }
}
