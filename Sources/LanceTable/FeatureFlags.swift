// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// The two bitmaps by which a manifest says what a reader, or a writer, must understand (format reference: feature
/// flags). An unknown bit means: keep out.
package struct FeatureFlags: OptionSet, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let deletionFiles = FeatureFlags(rawValue: 1)
    package static let stableRowIDs = FeatureFlags(rawValue: 2)
    package static let formatV2 = FeatureFlags(rawValue: 4)
    package static let tableConfig = FeatureFlags(rawValue: 8)
    package static let basePaths = FeatureFlags(rawValue: 16)
    package static let noTransactionFiles = FeatureFlags(rawValue: 32)
    package static let dataOverlays = FeatureFlags(rawValue: 64)
    package static let coveringFields = FeatureFlags(rawValue: 128)
    package static let mixedFileVersions = FeatureFlags(rawValue: 256)

    private static let known: [(FeatureFlags, String)] = [
        (.deletionFiles, "deletion files"), (.stableRowIDs, "stable row ids"), (.formatV2, "v2 format"),
        (.tableConfig, "table config"), (.basePaths, "base paths"), (.noTransactionFiles, "no transaction files"),
        (.dataOverlays, "data overlay files"), (.coveringFields, "index covering fields"),
        (.mixedFileVersions, "mixed data file versions"),
    ]

    private static let readable: FeatureFlags = [
        .deletionFiles, .stableRowIDs, .formatV2, .tableConfig, .basePaths, .noTransactionFiles,
    ]
    private static let writable: FeatureFlags = [
        .deletionFiles, .stableRowIDs, .formatV2, .tableConfig, .noTransactionFiles,
    ]

    /// Throws `unsupported`, naming each flag that this package does not read.
    package func checkReadable(_ path: String) throws { try check(Self.readable, "read", path) }

    /// Throws `unsupported`, naming each flag that this package does not write.
    package func checkWritable(_ path: String) throws { try check(Self.writable, "write", path) }

    private func check(_ known: FeatureFlags, _ doing: String, _ path: String) throws {
        let unknown = subtracting(known)
        guard !unknown.isEmpty else { return }
        throw Failure(
            .unsupported,
            "the table uses features that this package cannot \(doing): \(unknown.names.joined(separator: ", ")); "
                + "use the official Lance library for it",
            path: path)
    }

    /// The flags that are set, each by name and number.
    package var names: [String] {
        (0..<64).map { FeatureFlags(rawValue: 1 << $0) }.filter { contains($0) }.map { bit in
            "\(Self.known.first { $0.0 == bit }?.1 ?? "unknown") (\(bit.rawValue))"
        }
    }
}
