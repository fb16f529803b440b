// SPDX-License-Identifier: Apache-2.0
import CVectorKernels

/// The loops over product-quantised vectors, in the best instruction set that this machine has.
///
/// Nothing is checked: each pointer must give as many elements as the call says, at any address; any byte is a legal
/// code. How codes, code words, tables and codebooks lie in memory is told in `pq.h`.
package enum PQKernels {
    /// What the numbers in a byte table mean: a sum of bytes stands for `step * sum + bias`.
    package struct Scale: Equatable, Sendable {
        package var step: Float
        package var bias: Float

        package init(step: Float, bias: Float) {
            self.step = step
            self.bias = bias
        }
    }

    /// `table[j * codewords + k]` = the dot product of the query's sub-vector `j` with code word `k` of sub-vector `j`.
    ///
    /// `words` has the code words of a sub-vector side by side: component `d` of word `k` is
    /// `words[(j * width + d) * codewords + k]`.
    package static func dotTable(
        _ query: UnsafePointer<Float>, words: UnsafePointer<Float>, subVectors: Int, width: Int, codewords: Int,
        into table: UnsafeMutablePointer<Float>
    ) {
        vk_pq_dot_table(query, words, subVectors, width, codewords, table)
    }

    /// Rounds `scale * table` down to bytes, whose sums over all sub-vectors fit 16 bits.
    package static func quantize(
        _ table: UnsafePointer<Float>, scale: Float, subVectors: Int, codewords: Int,
        into bytes: UnsafeMutablePointer<UInt8>
    ) -> Scale {
        let scale = vk_pq_quantize(table, scale, subVectors, codewords, bytes)
        return Scale(step: scale.step, bias: scale.bias)
    }

    /// The rows of 8-bit codes whose lower bound `constant + terms[row] + step * sum of bytes` is at most `threshold`,
    /// ascending, and their bounds; returns how many.
    ///
    /// The same rows and bounds, bit for bit, at every level. `rows` and `bounds` have room for `count`. `next` is what will
    /// be scanned after this, asked for meanwhile.
    package static func select8(
        _ codes: UnsafePointer<UInt8>, stride: Int, count: Int, subVectors: Int, bytes: UnsafePointer<UInt8>,
        terms: UnsafePointer<Float>?, constant: Float, step: Float, threshold: Float,
        rows: UnsafeMutablePointer<UInt32>, bounds: UnsafeMutablePointer<Float>,
        next: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> Int {
        vk_pq_select_8(
            codes, stride, count, subVectors, bytes, terms, constant, step, threshold, rows, bounds, next.baseAddress,
            next.count)
    }

    /// What `select8` does, for 4-bit codes, two of them a byte.
    package static func select4(
        _ codes: UnsafePointer<UInt8>, stride: Int, count: Int, subVectors: Int, bytes: UnsafePointer<UInt8>,
        terms: UnsafePointer<Float>?, constant: Float, step: Float, threshold: Float,
        rows: UnsafeMutablePointer<UInt32>, bounds: UnsafeMutablePointer<Float>,
        next: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> Int {
        vk_pq_select_4(
            codes, stride, count, subVectors, bytes, terms, constant, step, threshold, rows, bounds, next.baseAddress,
            next.count)
    }

    /// `sums[row]` = the sum of the table's numbers that the row's 8-bit codes name; the same bits at every level.
    package static func sum8(
        _ codes: UnsafePointer<UInt8>, stride: Int, count: Int, subVectors: Int, table: UnsafePointer<Float>,
        into sums: UnsafeMutablePointer<Float>
    ) {
        vk_pq_sum_8(codes, stride, count, subVectors, table, sums)
    }

    /// What `sum8` does, for 4-bit codes, two of them a byte.
    package static func sum4(
        _ codes: UnsafePointer<UInt8>, stride: Int, count: Int, subVectors: Int, table: UnsafePointer<Float>,
        into sums: UnsafeMutablePointer<Float>
    ) {
        vk_pq_sum_4(codes, stride, count, subVectors, table, sums)
    }

    /// What `sum8` and `sum4` do, for some rows.
    package static func sumRows(
        _ codes: UnsafePointer<UInt8>, stride: Int, subVectors: Int, bits: Int, table: UnsafePointer<Float>,
        rows: UnsafePointer<UInt32>, count: Int, into sums: UnsafeMutablePointer<Float>
    ) {
        vk_pq_sum_rows(codes, stride, subVectors, bits == 4 ? 4 : 8, table, rows, count, sums)
    }

    /// The squared Euclidean distances of `vector` from what the codes of some rows stand for.
    ///
    /// `codebook` has a word's components side by side; `bits` is 4 or 8. A row's distance does not depend on the other
    /// rows of the call.
    package static func squaredL2Rows(
        _ vector: UnsafePointer<Float>, codebook: UnsafePointer<Float>, subVectors: Int, width: Int, bits: Int,
        codes: UnsafePointer<UInt8>, stride: Int, rows: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        vk_pq_l2_rows(
            vector, codebook, subVectors, width, bits == 4 ? 4 : 8, codes, stride, rows, count, distances)
    }

    /// The dot products of `vector` with what the codes of some rows stand for.
    package static func dotRows(
        _ vector: UnsafePointer<Float>, codebook: UnsafePointer<Float>, subVectors: Int, width: Int, bits: Int,
        codes: UnsafePointer<UInt8>, stride: Int, rows: UnsafePointer<UInt32>, count: Int,
        into dots: UnsafeMutablePointer<Float>
    ) {
        vk_pq_dot_rows(vector, codebook, subVectors, width, bits == 4 ? 4 : 8, codes, stride, rows, count, dots)
    }
}
