// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
package import LanceFile
package import LanceTable
import Synchronization

/// Single rows of a snapshot by their address: for fetching one at a time, where opening its columns would cost more
/// than reading them.
///
/// Keeps what it opened of the fragments that were asked for.
package final class RowCells: Sendable {
    package let snapshot: Snapshot
    package let fields: [TableField]
    private let fragments = Mutex<[UInt32: Fragment]>([:])

    /// The columns of one fragment, in the order of `fields`.
    package final class Fragment: Sendable {
        private let columns: [Cells]
        fileprivate let rowCount: Int

        private enum Cells: Sendable {
            case text(TextCells)
            case other(ColumnReader)
            /// No file of the fragment has the column: it reads as null.
            case absent
        }

        fileprivate init(_ reader: FragmentReader, _ fields: [TableField]) async throws {
            rowCount = try await reader.physicalRows()
            var columns: [Cells] = []
            for field in fields {
                switch try await reader.column(field) {
                case let column? where field.type.isText: columns.append(.text(TextCells(column)))
                case let column?: columns.append(.other(column))
                case nil: columns.append(.absent)
                }
            }
            self.columns = columns
        }

        /// Brings all of a row's values into memory at once, where they are elsewhere.
        package func fetch(_ row: Int) async throws {
            try await fetching {
                _ = try columns.mapFetching { cells in
                    switch cells {
                    case .text(let cells): _ = try cells.textHere(at: row)
                    case .other(let reader): _ = try reader.readInPlace(row..<row + 1)
                    case .absent: break
                    }
                }
            }
        }

        /// The text of column number `column`; nil where it is null, or no text.
        package func text(_ column: Int, _ row: Int) async throws -> String? {
            guard case .text(let cells) = columns[column] else { return nil }
            return try await cells.text(at: row)
        }

        /// The value of column number `column` as a column of one row; nil where the fragment has none.
        package func value(_ column: Int, _ row: Int) async throws -> Column? {
            guard case .other(let reader) = columns[column] else { return nil }
            return try await reader.read(row..<row + 1)
        }

        /// The numbers of a vector of any float type; none where it is null.
        package func vector(_ column: Int, _ row: Int) async throws -> [Float] {
            guard case .other(let reader) = columns[column],
                let block = try await fetching({ try reader.vectors(row..<row + 1) })
            else { return [] }
            return block.floats.array(of: Float.self)
        }
    }

    package init(_ snapshot: Snapshot, _ fields: [TableField]) {
        self.snapshot = snapshot
        self.fields = fields
    }

    /// The fragment that holds the row at `address`; `corrupt` where there is no such row.
    package func fragment(of address: RowAddress) async throws -> Fragment {
        let found: Fragment
        if let known = fragments.withLock({ $0[address.fragment] }) {
            found = known
        } else {
            guard let reader = snapshot.fragment(address.fragment) else {
                throw Failure(.corrupt, "there is no fragment \(address.fragment)", path: snapshot.location)
            }
            found = try await Fragment(reader, fields)
            fragments.withLock { $0[address.fragment] = found }
        }
        guard Int(address.offset) < found.rowCount else {
            throw Failure(
                .corrupt,
                "row \(address.offset) of fragment \(address.fragment), which has \(found.rowCount); "
                    + "build the index again", path: snapshot.location)
        }
        return found
    }
}
