// SPDX-License-Identifier: Apache-2.0

/// Where a row is: its fragment in the high half, its offset in the fragment (deleted rows counted) in the low half.
package struct RowAddress: Sendable, Hashable, Comparable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package init(fragment: UInt32, offset: UInt32) { rawValue = UInt64(fragment) << 32 | UInt64(offset) }

    package var fragment: UInt32 { UInt32(rawValue >> 32) }
    package var offset: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    package static func < (a: RowAddress, b: RowAddress) -> Bool { a.rawValue < b.rawValue }
}
