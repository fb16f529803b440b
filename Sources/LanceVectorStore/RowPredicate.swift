// SPDX-License-Identifier: Apache-2.0

/// Which rows a call is about.
public struct RowPredicate: Sendable, Equatable {
    enum Rule: Sendable, Equatable {
        case source(String)
        case column(String, [String])
    }

    let rule: Rule

    /// Rows that were cut from one source, compared byte for byte.
    public static func source(_ source: String) -> RowPredicate { RowPredicate(rule: .source(source)) }

    /// Rows whose text in a column is one of the given ones, compared byte for byte.
    public static func column(_ name: String, in values: [String]) -> RowPredicate {
        RowPredicate(rule: .column(name, values))
    }
}
