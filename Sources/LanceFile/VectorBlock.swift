// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
import Columnar

/// A run of a vector column's rows that stand next to each other in memory.
package struct VectorBlock: Sendable {
    /// Row number in the file of the block's first row.
    package let firstRow: Int
    package let rowCount: Int
    /// `rowCount` x dimension floats, 4-byte aligned.
    package let floats: ByteView
    /// Rows that are not null; nil when all are.
    package let validity: Bitmap?
    /// The floats are the file's own bytes; else a copy that was decoded for this block.
    package let isInPlace: Bool
}

extension ColumnReader {
    /// The rows of a `fixed_size_list<float32>` column, page by page and in place where the page is flat.
    ///
    /// Pages without a single vector are left out.
    package func vectorBlocks() async throws -> [VectorBlock] {
        var blocks: [VectorBlock] = []
        for index in pages.indices {
            if let block = try vectorBlock(page: index) { blocks.append(block) }
        }
        return blocks
    }

    /// The rows of one page; nil where it has not a single vector.
    package func vectorBlock(page index: Int) throws -> VectorBlock? {
        guard case .fixedSizeList(.float32, _) = field.type else {
            throw Failure(.schemaMismatch, "column '\(field.name)' is \(field.type), not a float32 vector")
        }
        let page = pages[index]
        guard page.rowCount > 0, !page.isAllNull else { return nil }
        let column = try readInPlace(page.rows)
        guard case .fixedSizeList(let items, _) = column.storage, case .fixed(let view) = items.storage else {
            return nil
        }
        // A vector with a null item is no vector: it is stored, and never found.
        var validity = column.validity
        if let itemValidity = items.validity {
            let dimension = items.count / page.rowCount
            validity = Bitmap(
                (0..<page.rowCount).map { row in
                    !column.isNull(row) && itemValidity.slice(row * dimension..<(row + 1) * dimension).zeros == 0
                })
        }
        let floats = view.aligned(to: 4)
        return VectorBlock(
            firstRow: page.firstRow, rowCount: page.rowCount, floats: floats, validity: validity,
            isInPlace: page.buffers.contains { $0.region === floats.region })
    }
}
