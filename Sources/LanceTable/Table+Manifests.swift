// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import ObjectStorage

extension Table {
    func key(of name: ManifestName) throws -> ObjectKey { try ObjectKey(Self.versionsKey).appending(name.name) }

    /// A version's manifest, of a table that this package can read; nil where it was removed since it was listed.
    func manifest(_ name: ManifestName) async throws -> Manifest? {
        guard let region = try await contents(name) else { return nil }
        let manifest = try Manifest(parsing: region.view)
        // Unknown features may need files that this package does not know of.
        try FeatureFlags(rawValue: manifest.proto.readerFeatureFlags).checkReadable(storage.location)
        return manifest
    }

    /// The same without its fragments.
    func outline(_ name: ManifestName) async throws -> ManifestOutline? {
        try await contents(name).map { try ManifestOutline(parsing: $0.view, path: storage.location) }
    }

    private func contents(_ name: ManifestName) async throws -> Region? {
        do {
            return try await storage.open(key(of: name))
        } catch let failure as Failure where failure.code == .notFound {
            return nil
        }
    }
}
