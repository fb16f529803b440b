// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// How the manifests of a table are named (format reference: manifest naming). A table never mixes the two.
package enum NamingScheme: Sendable {
    /// `7.manifest`
    case v1
    /// 2^64 - 1 - version in 20 digits: the newest sorts first.
    case v2

    package func name(of version: UInt64) -> String {
        switch self {
        case .v1: return "\(version).manifest"
        case .v2:
            let digits = String(UInt64.max - version)
            return String(repeating: "0", count: 20 - digits.count) + digits + ".manifest"
        }
    }
}

/// A file of `_versions` that is one version of the table.
package struct ManifestName: Sendable, Equatable {
    package let version: UInt64
    package let scheme: NamingScheme
    package let name: String

    /// Nil for all that is not part of the lineage: temporary files, hints, detached versions.
    package init?(_ name: String) {
        let suffix = ".manifest"
        guard name.hasSuffix(suffix), !name.hasPrefix("d") else { return nil }
        let stem = name.dropLast(suffix.count)
        guard stem.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(stem) else { return nil }
        scheme = stem.utf8.count == 20 ? .v2 : .v1
        version = scheme == .v2 ? UInt64.max - number : number
        // One name a version: "07.manifest" is not version 7.
        guard scheme.name(of: version) == name else { return nil }
        self.name = name
    }

    /// The versions among the names of `_versions`, ascending. Throws `corrupt` where the schemes are mixed.
    package static func versions(among names: [String], path: String) throws -> [ManifestName] {
        let found = names.compactMap(ManifestName.init)
        guard Set(found.map(\.scheme)).count <= 1 else {
            throw Failure(.corrupt, "manifests of both naming schemes in one table", path: path)
        }
        return found.sorted { $0.version < $1.version }
    }
}
