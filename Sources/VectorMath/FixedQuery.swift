// SPDX-License-Identifier: Apache-2.0

/// A query in fixed point, for `FixedPanels` of the same parts.
package struct FixedQuery {
    let words: UnsafePointer<Int16>
    /// A component is a word over this.
    let scale: Double
    let norm: Double
    /// The query is not further than this from what its words stand for.
    let rounding: Double

    /// How many words a query has.
    package static func wordCount(parts: Int, width: Int) -> Int { FixedLayout(parts: parts, width: width).components }

    /// - Parameters:
    ///   - query: `parts * width` floats, all finite.
    ///   - words: room for as many words as `wordCount` says, used as long as this is.
    package init(_ query: UnsafePointer<Float>, parts: Int, width: Int, words: UnsafeMutablePointer<Int16>) {
        let layout = FixedLayout(parts: parts, width: width)
        let squares = layout.squares(query)
        scale = layout.scale(
            block: squares.block.squareRoot(), limit: FixedLayout.queryLimit, largest: layout.largest(query))
        norm = squares.whole.squareRoot()
        rounding = layout.rounding(scale)
        layout.fix(query, scale: Float(scale), into: words)
        self.words = UnsafePointer(words)
    }
}
