// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// The version of the data file format. All files of one table version have the same.
package enum FileVersion: String, Sendable, CaseIterable, Comparable {
    case v2_0 = "2.0"
    case v2_1 = "2.1"
    case v2_2 = "2.2"

    /// What the footer of such a file says: a 2.0 file calls itself 0.3.
    package var footerNumbers: (major: UInt16, minor: UInt16) {
        switch self {
        case .v2_0: (0, 3)
        case .v2_1: (2, 1)
        case .v2_2: (2, 2)
        }
    }

    /// What a manifest says of such a file.
    package var manifestNumbers: (major: UInt32, minor: UInt32) {
        switch self {
        case .v2_0: (2, 0)
        case .v2_1: (2, 1)
        case .v2_2: (2, 2)
        }
    }

    /// Takes either spelling of 2.0. Throws `unsupported` for the rest, by number.
    package init(major: UInt32, minor: UInt32, path: String) throws {
        switch (major, minor) {
        case (0, 3), (2, 0): self = .v2_0
        case (2, 1): self = .v2_1
        case (2, 2): self = .v2_2
        case (0, ...2):
            throw Failure(
                .unsupported,
                "a file of the legacy format \(major).\(minor); rewrite the table with Lance 0.16 or later",
                path: path)
        default:
            throw Failure(
                .unsupported, "a file of format version \(major).\(minor); this package reads 2.0 to 2.2", path: path)
        }
    }

    package static func < (a: FileVersion, b: FileVersion) -> Bool { a.rawValue < b.rawValue }
}
