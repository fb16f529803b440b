// SPDX-License-Identifier: Apache-2.0
import Columnar

/// Where the values of a column, or of a part of a nested one, are read from.
protocol RowSource: Sendable {
    var rowCount: Int { get }
    /// Rows `rows`, which are within `rowCount`.
    func read(_ rows: Range<Int>) throws -> Column
    /// The given rows, each within `rowCount`, ascending, none twice.
    func take(_ rows: [Int]) throws -> Column
}
