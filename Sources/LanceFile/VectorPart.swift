// SPDX-License-Identifier: Apache-2.0

/// Some rows of a vector column, and what it takes to see their numbers.
package enum VectorPart: Sendable {
    /// The file's own bytes are the numbers.
    case inPlace(VectorBlock)
    /// These rows must be decoded or converted, which makes a copy.
    case decoded(Range<Int>)

    package var rows: Range<Int> {
        switch self {
        case .inPlace(let block): block.firstRow..<block.firstRow + block.rowCount
        case .decoded(let rows): rows
        }
    }
}
