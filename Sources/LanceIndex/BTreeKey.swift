// SPDX-License-Identifier: Apache-2.0
package import Columnar

/// A value that a BTREE index is asked for.
package enum BTreeKey: Sendable, Hashable {
    /// The bytes of a text.
    case text([UInt8])
    /// A number; wide enough for every integer type there is.
    case integer(Int128)

    package init(_ text: String) { self = .text(Array(text.utf8)) }

    package init(_ number: some FixedWidthInteger) { self = .integer(Int128(truncatingIfNeeded: number)) }
}

extension DataType {
    /// Whether this package builds and reads BTREE indices over columns of the type.
    package var isBTreeKey: Bool { isText || isInteger }

    /// What to tell somebody whose column has another type.
    package static let btreeKeys = "utf8, large_utf8, and the integer types"
}
