// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
package import LanceFile
package import LanceProto
package import ObjectStorage
import SwiftProtobuf

/// One version of a table, which never changes: everything a query sees.
package final class Snapshot: Sendable {
    package let version: UInt64
    package let scheme: NamingScheme
    package let manifest: Manifest
    package let schema: TableSchema
    package let fragments: [Fragment]
    package let indices: [IndexEntry]
    package let storage: any ObjectStorage
    let files: OpenFiles

    private static let mostCovered = 1 << 24

    /// Refuses what this package cannot read right, by name.
    init(_ manifest: Manifest, name: ManifestName, storage: any ObjectStorage, files: OpenFiles) throws {
        let path = storage.location + "/_versions/" + name.name
        guard manifest.proto.version == name.version else {
            throw Failure(
                .corrupt, "the manifest says version \(manifest.proto.version), its name \(name.version)", path: path)
        }
        try FeatureFlags(rawValue: manifest.proto.readerFeatureFlags).checkReadable(storage.location)
        version = name.version
        scheme = name.scheme
        self.manifest = manifest
        schema = try TableSchema(manifest.proto.fields)
        fragments = try manifest.proto.fragments.map { try Fragment($0, path: path) }
        for (before, after) in zip(fragments, fragments.dropFirst()) where before.id >= after.id {
            throw Failure(.corrupt, "fragments \(before.id) and \(after.id) are not in order", path: path)
        }
        // Each entry can name thousands of fragments a byte: what all of them name is bounded too.
        var covered = 0
        indices = try manifest.indices.map { proto in
            let entry = try IndexEntry(proto, path: path)
            covered += entry.coveredFragments.count
            guard covered <= Self.mostCovered else {
                throw Failure(.corrupt, "the indices cover more than \(Self.mostCovered) fragments", path: path)
            }
            return entry
        }
        self.storage = storage
        self.files = files
    }

    package var location: String { storage.location }

    /// Whether both are the same commit, though read twice or made here: a table that was made anew has the same
    /// numbers. Names of transaction files are never used twice.
    package func isSameCommit(as other: Snapshot) -> Bool {
        if self === other { return true }
        let (mine, others) = (manifest.proto, other.manifest.proto)
        guard version == other.version, mine.transactionFile == others.transactionFile else { return false }
        return !mine.transactionFile.isEmpty || mine == others && manifest.indices == other.manifest.indices
    }

    /// Seconds since 1970 by the writer's clock; nil where the manifest does not say.
    package var committedAt: Double? { manifest.committedAt }

    /// The file version that new data files of this table must have.
    package func fileVersion() throws -> FileVersion {
        let text = manifest.proto.dataFormat.version
        if let known = FileVersion(rawValue: text) { return known }
        // A writer may leave the field out; the files tell.
        if text.isEmpty {
            guard let file = fragments.first?.proto.files.first else { return .v2_0 }
            return try FileVersion(major: file.fileMajorVersion, minor: file.fileMinorVersion, path: location)
        }
        throw Failure(
            .unsupported, "the table's file version is '\(text)'; this package knows 2.0 to 2.2", path: location)
    }

    package func fragment(_ id: UInt32) -> FragmentReader? {
        var low = 0
        var high = fragments.count
        while low < high {
            let middle = (low + high) / 2
            if fragments[middle].id < id { low = middle + 1 } else { high = middle }
        }
        guard low < fragments.count, fragments[low].id == id else { return nil }
        return FragmentReader(snapshot: self, fragment: fragments[low])
    }

    package var fragmentReaders: [FragmentReader] { fragments.map { FragmentReader(snapshot: self, fragment: $0) } }

    /// Rows that are not deleted: from the manifest alone, where it tells.
    package func liveRows() async throws -> Int {
        var total = 0
        for fragment in fragments {
            total += try await FragmentReader(snapshot: self, fragment: fragment).liveRows()
        }
        return total
    }

    /// The version as it will be with other fragments, for indices that are to be committed together with them.
    package func replacing(_ gone: Set<UInt32>, with fragments: [ProtoDataFragment]) throws -> Snapshot {
        var manifest = manifest
        manifest.proto.fragments.removeAll { gone.contains(UInt32(clamping: $0.id)) }
        manifest.proto.fragments = (manifest.proto.fragments + fragments).sorted { $0.id < $1.id }
        guard let name = ManifestName(scheme.name(of: version)) else {
            throw Failure(.corrupt, "version \(version) has no name", path: location)
        }
        return try Snapshot(manifest, name: name, storage: storage, files: files)
    }

    package func field(_ name: String) throws -> TableField {
        guard let field = schema[name] else {
            throw Failure(
                .schemaMismatch, "the table has no column '\(name)'; its columns are \(schema.schema.summary)",
                path: location)
        }
        return field
    }
}
