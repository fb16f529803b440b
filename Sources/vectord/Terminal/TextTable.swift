// SPDX-License-Identifier: Apache-2.0

/// Rows of text in columns, two spaces apart.
package struct TextTable: Sendable {
    package struct Column: Sendable {
        var title: String
        var isNumeric: Bool

        /// Text stands at the left of its column.
        package static func text(_ title: String) -> Column { Column(title: title, isNumeric: false) }
        /// Numbers stand at the right of theirs.
        package static func number(_ title: String) -> Column { Column(title: title, isNumeric: true) }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    package init(_ columns: Column...) { self.columns = columns }

    /// Adds a row; cells that are missing are empty.
    package mutating func add(_ cells: String...) {
        rows.append(columns.indices.map { $0 < cells.count ? cells[$0] : "" })
    }

    /// The titles, then the rows, without spaces at the end.
    package var lines: [String] {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { cells in
            var line = ""
            for (column, cell) in cells.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                line += (column > 0 ? "  " : "") + (columns[column].isNumeric ? space + cell : cell + space)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
