// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar

/// Goes through a column from front to back, some rows at a time: fewer where their values are long.
package struct ColumnBatches {
    /// Rows read at a time.
    private static let most = 1 << 16
    /// Bytes of a batch from which on the next has half as many rows: one is 64 MiB at most where lengths are even.
    package static let manyBytes = 32 << 20

    private let column: ColumnReader
    private let rows: Int
    private var start = 0
    private var size: Int

    /// - Parameter rows: of the column.
    package init(_ column: ColumnReader, rows: Int) {
        self.column = column
        self.rows = rows
        size = max(1, min(Self.most, Self.manyBytes / max(column.field.type.rowBytes, 1)))
    }

    /// The next rows and their values; nil at the end.
    package mutating func next() async throws -> (rows: Range<Int>, values: Column)? {
        while start < rows {
            try Task.checkCancellation()
            let range = start..<min(start + size, rows)
            do {
                let values = try await column.read(range)
                start = range.upperBound
                if values.byteCount > Self.manyBytes {
                    size = max(1, range.count / 2)
                } else if values.byteCount <= Self.manyBytes / 2 {
                    // What was too long stands mostly alone.
                    size = min(size * 2, Self.most)
                }
                return (range, values)
            } catch let failure as Failure where failure.isTooMuch && range.count > 1 {
                size = range.count / 2
            }
        }
        return nil
    }
}
