// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar

/// Goes through a column from front to back, some rows at a time: fewer where their values are long.
package struct ColumnBatches {
    /// Rows read at a time.
    private static let most = 1 << 16

    private let column: ColumnReader
    private let rows: Int
    private var start = 0
    private var size = ColumnBatches.most

    /// - Parameter rows: of the column.
    package init(_ column: ColumnReader, rows: Int) {
        self.column = column
        self.rows = rows
    }

    /// The next rows and their values; nil at the end.
    package mutating func next() async throws -> (rows: Range<Int>, values: Column)? {
        while start < rows {
            try Task.checkCancellation()
            let range = start..<min(start + size, rows)
            do {
                let values = try await column.read(range)
                start = range.upperBound
                // What was too long stands mostly alone.
                size = min(size * 2, Self.most)
                return (range, values)
            } catch let failure as Failure where failure.isTooMuch && range.count > 1 {
                size = range.count / 2
            }
        }
        return nil
    }
}
