// SPDX-License-Identifier: Apache-2.0

/// One version of a table, by number or by the name that somebody gave it.
package enum VersionReference: Sendable, Hashable, CustomStringConvertible {
    case number(UInt64)
    case tag(String)

    package var description: String {
        switch self {
        case .number(let number): "version \(number)"
        case .tag(let name): "tag '\(name)'"
        }
    }
}
