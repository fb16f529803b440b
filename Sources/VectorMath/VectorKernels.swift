// SPDX-License-Identifier: Apache-2.0
import CVectorKernels

/// The loops over vectors, in the best instruction set that this machine has.
///
/// Nothing is checked: each pointer must give as many floats as the call says, at any address.
/// Levels (`KernelLevel`) round differently. Within one level the result for two vectors depends on their values alone,
/// so the functions over rows give the very bits of the functions over pairs.
package enum VectorKernels {
    /// The sum of `a[i] * b[i]`.
    package static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, dimension: Int) -> Float {
        vk_dot(a, b, dimension)
    }

    /// The sum of `(a[i] - b[i])²`.
    package static func squaredL2(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, dimension: Int) -> Float {
        vk_l2(a, b, dimension)
    }

    /// The sum of `a[i]²`, with the bits of `dot(a, a)`.
    package static func squaredNorm(_ a: UnsafePointer<Float>, dimension: Int) -> Float {
        vk_norm(a, dimension)
    }

    /// The dot products of `query` with `count` rows that lie one after another.
    package static func dotRows(
        _ query: UnsafePointer<Float>, rows: UnsafePointer<Float>, count: Int, dimension: Int,
        into dots: UnsafeMutablePointer<Float>
    ) {
        vk_dot_rows(query, rows, count, dimension, dots)
    }

    /// The squared Euclidean distances of `query` from `count` rows that lie one after another.
    package static func squaredL2Rows(
        _ query: UnsafePointer<Float>, rows: UnsafePointer<Float>, count: Int, dimension: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        vk_l2_rows(query, rows, count, dimension, distances)
    }

    /// The dot products with `query` and the squared norms of `count` rows, in one pass over them.
    package static func dotAndNormRows(
        _ query: UnsafePointer<Float>, rows: UnsafePointer<Float>, count: Int, dimension: Int,
        dots: UnsafeMutablePointer<Float>, norms: UnsafeMutablePointer<Float>
    ) {
        vk_dot_norm_rows(query, rows, count, dimension, dots, norms)
    }

    /// Asks for a row's bytes before they are needed. A hint: any address is harmless.
    @inline(__always)
    package static func prefetch(_ row: UnsafePointer<Float>, dimension: Int) {
        vk_prefetch(row, dimension * MemoryLayout<Float>.stride)
    }

    /// Asks for bytes before they are needed.
    @inline(__always)
    package static func prefetch(_ memory: UnsafeRawBufferPointer) { vk_prefetch(memory.baseAddress, memory.count) }
}
