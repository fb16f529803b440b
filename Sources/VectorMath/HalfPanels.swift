// SPDX-License-Identifier: Apache-2.0
import CVectorKernels

/// Vectors in half precision, for estimates of their dot products with a query: half the memory to go through.
///
/// They are scaled by a power of two that puts the largest number below 2^15, so that half precision's narrow range
/// does not matter, and lie in panels of `lanes` vectors side by side.
package final class HalfPanels: @unchecked Sendable {
    // Unchecked: the words are written before `init` returns and never after.
    private let words: UnsafeMutablePointer<UInt16>
    private let panels: Int
    private let dimension: Int
    private let lanes: Int
    /// Undoes the scale.
    private let factor: Float

    /// No estimate of q·x is further from it than this times |q| |y|, where y is the longest of the vectors: 2^-11 for
    /// rounding each component to eleven bits, and the rounding of the sum in single precision. Components of 2^-29 of
    /// the largest number and less keep fewer bits, which is nothing beside the longest vector.
    package let relativeError: Float

    /// - Parameters:
    ///   - rows: `count` vectors of `dimension` floats, one after another, all finite.
    ///   - lanes: a multiple of 16; the last panel is filled up with zeros.
    package init(rows: UnsafePointer<Float>, count: Int, dimension: Int, lanes: Int) {
        panels = (count + lanes - 1) / lanes
        self.dimension = dimension
        self.lanes = lanes
        let size = panels * dimension * lanes
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(size, 1) * 2, alignment: 64)
        words = memory.bindMemory(to: UInt16.self, capacity: max(size, 1))
        var largest: Float = 0
        for index in 0..<(count * dimension) { largest = max(largest, rows[index].magnitude) }
        let exponent = largest.isNormal ? 14 - Int(largest.exponent) : 0
        // As far as a float's own range lets it be undone.
        let scale = Float(sign: .plus, exponent: min(max(exponent, -120), 120), significand: 1)
        factor = 1 / scale
        relativeError = 0x1p-11 + Float(dimension + 4) * 0x1p-23
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(dimension * lanes, 1)) { panel in
            guard let floats = panel.baseAddress else { return }
            for number in 0..<panels {
                floats.update(repeating: 0, count: dimension * lanes)
                for lane in 0..<min(lanes, count - number * lanes) {
                    let row = rows + (number * lanes + lane) * dimension
                    for component in 0..<dimension { floats[component * lanes + lane] = row[component] * scale }
                }
                vk_half_from_floats(floats, dimension * lanes, words + number * dimension * lanes)
            }
        }
    }

    deinit { UnsafeMutableRawPointer(words).deallocate() }

    /// How many numbers `dots` writes.
    package var resultCount: Int { panels * lanes }

    /// Estimates of dot products: number `p * lanes + k` is that of vector k of panel p with the `dimension` floats from
    /// `query + p * step` on.
    package func dots(
        _ query: UnsafePointer<Float>, step: Int, into results: UnsafeMutablePointer<Float>
    ) {
        vk_half_dot_panels(query, step, words, panels, dimension, lanes, results)
        let factor = factor
        if factor != 1 {
            for index in 0..<resultCount { results[index] *= factor }
        }
    }
}
