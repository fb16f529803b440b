// SPDX-License-Identifier: Apache-2.0
import CVectorKernels

/// Vectors in fixed point of 16 bits, for estimates of their dot products with a query: half the memory to go through
/// and a quarter of the instructions.
///
/// A vector is a number of parts of `width` components. They lie in panels of `lanes` vectors side by side (`fixed.h`).
package final class FixedPanels: @unchecked Sendable {
    // Unchecked: the words are written before `init` returns and never after.
    private let words: UnsafeMutablePointer<Int16>
    private let panels: Int
    private let components: Int
    private let lanes: Int
    /// A component is a word over this.
    private let scale: Double
    /// No vector, as it was given, is longer.
    private let longest: Double
    /// No vector is further than this from what its words stand for.
    private let rounding: Double

    /// - Parameters:
    ///   - rows: `count` vectors of `parts * width` floats, one after another, all finite.
    ///   - lanes: a multiple of 16; the last panel is filled up with zeros.
    package init(rows: UnsafePointer<Float>, count: Int, parts: Int, width: Int, lanes: Int) {
        let layout = FixedLayout(parts: parts, width: width)
        panels = (count + lanes - 1) / lanes
        components = layout.components
        self.lanes = lanes
        let size = max(panels * components * lanes, 1)
        words = UnsafeMutableRawPointer.allocate(byteCount: size * 2, alignment: 64)
            .bindMemory(to: Int16.self, capacity: size)
        words.update(repeating: 0, count: size)
        let dimension = parts * width
        var (block, longest) = (0.0, 0.0)
        for number in 0..<count {
            let norms = layout.squares(rows + number * dimension)
            block = max(block, norms.block)
            longest = max(longest, norms.whole)
        }
        scale = layout.scale(block: block.squareRoot(), limit: FixedLayout.wordLimit)
        self.longest = longest.squareRoot()
        rounding = layout.rounding(scale)
        withUnsafeTemporaryAllocation(of: Int16.self, capacity: max(components, 1)) { row in
            guard let row = row.baseAddress else { return }
            for number in 0..<count {
                layout.fix(rows + number * dimension, scale: Float(scale), into: row)
                // Pairs of components, as they lie in a panel.
                let panel = UnsafeMutableRawPointer(words + number / lanes * components * lanes + number % lanes * 2)
                let pairs = UnsafeRawPointer(row)
                for pair in 0..<(components / 2) {
                    panel.storeBytes(
                        of: pairs.loadUnaligned(fromByteOffset: pair * 4, as: UInt32.self),
                        toByteOffset: pair * lanes * 4, as: UInt32.self)
                }
            }
        }
    }

    deinit { UnsafeMutableRawPointer(words).deallocate() }

    /// How many numbers `dots` writes.
    package var resultCount: Int { panels * lanes }

    /// Estimates of dot products: number `p * lanes + k` is that of the query, or of its part `p` where `isByPart`,
    /// with vector k of panel p.
    package func dots(_ query: FixedQuery, isByPart: Bool, into results: UnsafeMutablePointer<Float>) {
        vk_fixed_dot_panels(
            query.words, isByPart ? components : 0, words, panels, components, lanes, factor(query), results)
    }

    /// What a product of words stands for; zero, subnormal or infinite where single precision cannot hold it.
    private func factor(_ query: FixedQuery) -> Float { Float(1 / (query.scale * scale)) }

    /// No estimate is further than this from q·x, for the longest of the vectors, or where each part of the query has
    /// vectors of its own: for a sum of estimates, one for each part, where no such sum of vectors is longer than
    /// `longest`. Infinite where single precision does not hold the estimates.
    package func error(_ query: FixedQuery, parts: Int = 1, longest: Float? = nil) -> Float {
        guard factor(query).isNormal else { return .infinity }
        let longest = longest.map(Double.init) ?? self.longest
        let words = rounding * Double(parts).squareRoot()
        // The query's rounding, the words', and single precision's: of each block, of their sum, of the factor.
        let blocks = (components + Int(VK_FIXED_BLOCK) - 1) / Int(VK_FIXED_BLOCK)
        let sums = (query.norm + query.rounding) * (longest + words) * Double(blocks + 4) * 0x1p-23
        return Float((query.rounding * (longest + words) + query.norm * words + sums) * (1 + 0x1p-20))
    }
}
