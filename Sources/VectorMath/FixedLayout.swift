// SPDX-License-Identifier: Apache-2.0
import CVectorKernels

/// How vectors of `parts` times `width` components become words of 16 bits: every part has an even number of them, an
/// odd one ends with a zero.
struct FixedLayout {
    let parts: Int
    let width: Int
    private let partWords: Int

    /// Words of a vector.
    var components: Int { parts * partWords }

    // By Cauchy and Schwarz a block's sum is at most the product of both blocks' lengths, and so is every part of it: with
    // these it stays below 2^31, whatever rounding adds (half a word for each of 32 components).
    static let wordLimit = 32_700.0
    static let queryLimit = 65_600.0

    init(parts: Int, width: Int) {
        self.parts = parts
        self.width = width
        partWords = (width + 1) / 2 * 2
    }

    /// The square of a vector's length, and of a length that none of its blocks exceeds, wherever the kernel begins them:
    /// at multiples of a block, or of a part.
    func squares(_ vector: UnsafePointer<Float>) -> (whole: Double, block: Double) {
        let (block, dimension) = (Int(VK_FIXED_BLOCK), parts * width)
        var (whole, longest) = (0.0, 0.0)
        for start in stride(from: 0, to: dimension, by: block) {
            let sum = sumOfSquares(vector + start, count: min(block, dimension - start))
            whole += sum
            longest = max(longest, sum)
        }
        if width != partWords {
            longest = whole
        } else if !block.isMultiple(of: width), !width.isMultiple(of: block) {
            // A part's block may lie across two of these.
            longest = min(2 * longest, whole)
        }
        return (whole, longest)
    }

    /// The largest magnitude among a vector's components.
    func largest(_ vector: UnsafePointer<Float>) -> Double { Double(Self.largest(vector, parts * width)) }

    private static func largest(_ numbers: UnsafePointer<Float>, _ count: Int) -> Float {
        var greatest = SIMD8<Float>.zero
        var index = 0
        while index + 8 <= count {
            let eight = UnsafeRawPointer(numbers + index).loadUnaligned(as: SIMD8<UInt32>.self)
            let magnitudes = unsafeBitCast(eight & 0x7fff_ffff, to: SIMD8<Float>.self)
            greatest.replace(with: magnitudes, where: magnitudes .> greatest)
            index += 8
        }
        var largest = greatest.max()
        while index < count {
            largest = max(largest, numbers[index].magnitude)
            index += 1
        }
        return largest
    }

    /// The largest scale that keeps blocks within `limit` and components within 16 bits; 1 where there is nothing to
    /// scale.
    func scale(block: Double, limit: Double, largest: Double? = nil) -> Double {
        guard block > 0 else { return 1 }
        var scale = limit / block
        // A block is at least as long as its largest component.
        if let largest, largest > 0 { scale = min(scale, 32_766 / largest) }
        // What a product of two scales undoes stays in single precision. Vectors so small that this costs bits (below 1e-14)
        // have a larger error for it.
        return Double(Float(min(scale, 0x1p62)).nextDown)
    }

    /// How far a vector may be from what its words stand for: half a word for each component, and a little for what
    /// single precision does to the product.
    func rounding(_ scale: Double) -> Double { 0.503 * Double(parts * width).squareRoot() / scale }

    func fix(_ vector: UnsafePointer<Float>, scale: Float, into words: UnsafeMutablePointer<Int16>) {
        if width == partWords {
            vk_fixed_from_floats(vector, parts * width, scale, words)
            return
        }
        for part in 0..<parts {
            vk_fixed_from_floats(vector + part * width, width, scale, words + part * partWords)
            words[part * partWords + width] = 0
        }
    }
}
