// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import Logging
import ObjectStorage

extension Table {
    /// Removes what only the versions before `current` used: their manifests, then their data, deletion, index and
    /// transaction files.
    ///
    /// A version with a tag stays with all it needs, and nothing is removed from a table that has branches or detached
    /// versions, which build on this one's files. Files that no manifest names are left alone: they may belong to a commit
    /// that is under way. Readers of an old version that have its files open keep them; a failure to remove is logged
    /// and harmless. Manifests go first, so that whatever is interrupted leaves unused files and no dangling version.
    package func removeReplaced(before current: Snapshot) async {
        do {
            let plan = try await planRemoval(before: current)
            for key in plan {
                try await storage.delete(key)
            }
        } catch {
            Self.logger.warning(
                "replaced files of a table could not all be removed; they are unused",
                metadata: ["table": "\(storage.location)", "error": "\(error)"])
        }
    }

    private func planRemoval(before current: Snapshot) async throws -> [ObjectKey] {
        let branches = try await storage.names(in: ObjectKey("_refs/branches"))
        guard branches.isEmpty else { return [] }
        // A detached version ("d" and a number) is outside the lineage, and may name any of its files.
        let names = try await storage.names(in: ObjectKey(Self.versionsKey))
        guard !names.contains(where: { $0.hasPrefix("d") && $0.hasSuffix(".manifest") }) else { return [] }
        let tagged = Set(try await tags(isComplete: true).map(\.version))
        var kept = try await Self.files(of: current, in: storage)
        var old: [Snapshot] = []
        for name in try await versions() where name.version != current.version {
            let snapshot = try await snapshot(name)
            if name.version < current.version, !tagged.contains(name.version) {
                old.append(snapshot)
            } else {
                kept.formUnion(try await Self.files(of: snapshot, in: storage))
            }
        }
        var unused = Set<ObjectKey>()
        for snapshot in old { unused.formUnion(try await Self.files(of: snapshot, in: storage)) }
        unused.subtract(kept)
        let manifests = try old.map { try ObjectKey(Self.versionsKey).appending($0.scheme.name(of: $0.version)) }
        return manifests + unused
    }

    /// Every file that a version names, but for its manifest.
    static func files(of snapshot: Snapshot, in storage: any ObjectStorage) async throws -> Set<ObjectKey> {
        var files = Set<ObjectKey>()
        for fragment in snapshot.fragments {
            for data in fragment.proto.files where !data.hasBaseID {
                files.insert(try ObjectKey("data/" + data.path))
            }
            if fragment.hasDeletions, !fragment.proto.deletionFile.hasBaseID {
                files.insert(try ObjectKey(fragment.deletionFilePath))
            }
        }
        for index in snapshot.indices where !index.proto.hasBaseID {
            let directory = try ObjectKey("_indices/" + index.uuid.uuidString.lowercased())
            for name in try await storage.names(in: directory) { files.insert(try directory.appending(name)) }
        }
        let transaction = snapshot.manifest.proto.transactionFile
        if !transaction.isEmpty { files.insert(try ObjectKey("_transactions/" + transaction)) }
        return files
    }
}
