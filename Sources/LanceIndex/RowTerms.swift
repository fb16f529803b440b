// SPDX-License-Identifier: Apache-2.0
import VectorMath

/// Computes the part of each row's distance that no query changes: |r|² + 2 c·r for the row's residual r and its
/// centroid c.
final class RowTerms: Sendable {
    private let model: IVFPQModel
    /// `[sub-vector][component][code word]`: the code words of a sub-vector side by side.
    private let words: FloatBuffer
    /// The squared norm of each code word.
    private let norms: FloatBuffer

    init(_ model: IVFPQModel) {
        self.model = model
        let (width, codewords) = (model.subVectorWidth, model.codeWords)
        words = FloatBuffer(uninitialized: model.dimension * codewords)
        norms = FloatBuffer(uninitialized: model.subVectors * codewords)
        model.codebook.withUnsafeBufferPointer { codebook in
            guard let codebook = codebook.baseAddress else { return }
            for j in 0..<model.subVectors {
                for k in 0..<codewords {
                    let word = codebook + (j * codewords + k) * width
                    for d in 0..<width { words.base[(j * width + d) * codewords + k] = word[d] }
                    norms.base[j * codewords + k] = VectorKernels.squaredNorm(word, dimension: width)
                }
            }
        }
    }

    /// Floats of scratch that `compute` needs.
    var tableSize: Int { norms.count }

    /// The terms of a partition's `count` rows; zeros for dot, which has no such part.
    func compute(
        partition: Int, codes: UnsafePointer<UInt8>, count: Int, table: UnsafeMutablePointer<Float>,
        into terms: UnsafeMutablePointer<Float>
    ) {
        guard model.metric != .dot else { return terms.update(repeating: 0, count: count) }
        model.centroids.withUnsafeBufferPointer { centroids in
            guard let centroids = centroids.baseAddress else { return }
            PQKernels.dotTable(
                centroids + partition * model.dimension, words: words.base, subVectors: model.subVectors,
                width: model.subVectorWidth, codewords: model.codeWords, into: table)
        }
        let norms = norms.base
        for index in 0..<tableSize { table[index] = 2 * table[index] + norms[index] }
        if model.bits == 4 {
            PQKernels.sum4(codes, stride: count, count: count, subVectors: model.subVectors, table: table, into: terms)
        } else {
            PQKernels.sum8(codes, stride: count, count: count, subVectors: model.subVectors, table: table, into: terms)
        }
    }
}
