// SPDX-License-Identifier: Apache-2.0

/// Which segments of an index become one with the rows that come new.
///
/// A segment stays alone as long as it has at least twice the rows of all that came after it. So an index of n rows has no
/// more than about log2 n segments however many times it was extended, and a row is written again about as many times.
package enum SegmentTiers {
    /// More than this and each search looks into too many.
    package static let most = 8

    /// - Parameters:
    ///   - sizes: rows of each segment, the oldest first.
    ///   - new: rows that are in none.
    /// - Returns: how many of the newest segments to merge with the new rows.
    package static func merged(_ sizes: [Int], new: Int) -> Int {
        var rows = new
        var count = 0
        for size in sizes.reversed() {
            let isCrowded = sizes.count - count + 1 > most
            guard isCrowded || size < 2 * rows else { break }
            rows += size
            count += 1
        }
        return count
    }
}
