// SPDX-License-Identifier: Apache-2.0
import CVectorKernels

extension PQKernels {
    /// Chooses the code words of a row, one number for each sub-vector, so that the error is small and hardly along
    /// what the words stand for; `pq.h` has the objective.
    ///
    /// The same numbers at every level from the same tables.
    /// - Parameters:
    ///   - dots: of the row with all code words, from `dotTable`.
    ///   - norms: the squared norm of each code word, in the order of `dots`.
    package static func choose(
        _ dots: UnsafePointer<Float>, norms: UnsafePointer<Float>, subVectors: Int, codewords: Int, weight: Float,
        into numbers: UnsafeMutablePointer<UInt8>
    ) {
        vk_pq_choose(dots, norms, subVectors, codewords, weight, numbers)
    }
}
