// SPDX-License-Identifier: Apache-2.0

/// Words of SQL for people who read a table's history.
enum SQLText {
    /// Values that are spelled out.
    private static let most = 20

    static func predicate(_ column: String, isOneOf values: [String]) -> String {
        let name = column.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } ? column : "`\(column)`"
        if values.count == 1, let only = values.first { return "\(name) = \(quoted(only))" }
        let list = values.prefix(most).map(quoted).joined(separator: ", ")
        return "\(name) IN (\(list)\(values.count > most ? ", /* and \(values.count - most) more */" : ""))"
    }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
}
