// SPDX-License-Identifier: Apache-2.0

/// Code words for the parts of a vector: `subVectors` parts of `width` numbers each, and for each part 2^bits words.
package struct ProductQuantizer: Sendable {
    package let dimension: Int
    package let subVectors: Int

    /// 4 or 8.
    package let bits: Int

    /// Word `k` of sub-vector `j` is the `width` floats from `(j * words + k) * width` on.
    package let codebook: [Float]

    /// Numbers of a sub-vector.
    package var width: Int { dimension / subVectors }

    /// Code words of each sub-vector.
    package var words: Int { 1 << bits }

    /// Bytes of one row's codes.
    package var codeBytes: Int { subVectors * bits / 8 }

    /// - Parameters:
    ///   - dimension: a multiple of `subVectors`, which is even for 4 bits.
    ///   - codebook: 2^bits * `dimension` floats.
    package init(dimension: Int, subVectors: Int, bits: Int, codebook: [Float]) {
        precondition(bits == 8 || (bits == 4 && subVectors.isMultiple(of: 2)))
        precondition(subVectors > 0 && dimension.isMultiple(of: subVectors))
        precondition(codebook.count == dimension << bits)
        self.dimension = dimension
        self.subVectors = subVectors
        self.bits = bits
        self.codebook = codebook
    }
}
