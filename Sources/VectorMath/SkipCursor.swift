// SPDX-License-Identifier: Apache-2.0

/// Looks up rows in an ascending list of rows to skip; made for asking in ascending order.
///
/// Only rows that would be hits are asked for, so a binary search in what the last answer left of the list is cheaper
/// than walking along it.
struct SkipCursor {
    private let skipped: [UInt32]
    private var low = 0
    private var previous: UInt32 = 0

    init(_ skipped: [UInt32]) { self.skipped = skipped }

    mutating func contains(_ offset: UInt32) -> Bool {
        if offset < previous { low = 0 }
        previous = offset
        var high = skipped.count
        while low < high {
            let middle = low + (high - low) / 2
            if skipped[middle] < offset { low = middle + 1 } else { high = middle }
        }
        return low < skipped.count && skipped[low] == offset
    }
}
