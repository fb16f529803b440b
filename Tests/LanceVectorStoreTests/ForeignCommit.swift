// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import LanceTable
import LanceVectorStore
import ObjectStorage
import SwiftProtobuf
import TestSupport

/// Versions that another program commits to a table: what this package reads and does not write itself.
struct ForeignCommit {
    let table: Table

    init(_ store: LanceVectorStore) { table = store.table }

    /// Puts a version in which `change` is different from the newest one, however many come between.
    func putVersion(
        _ change: (Snapshot, inout ProtoManifest, inout [ProtoIndexMetadata]) async throws -> Void
    ) async throws {
        for _ in 0..<100 {
            let snapshot = try await table.latest()
            var proto = snapshot.manifest.proto
            var indices = snapshot.manifest.indices
            proto.version += 1
            proto.transactionFile = ""
            try await change(snapshot, &proto, &indices)
            let transaction = ProtoTransaction.with {
                $0.readVersion = snapshot.version
                $0.delete.predicate = "true"
            }
            let bytes = try Manifest(proto: proto, indices: indices, transaction: transaction).serialized()
            let key = try ObjectKey("_versions/" + snapshot.scheme.name(of: proto.version))
            if try await table.storage.putIfAbsent(key, bytes, .relaxed) == .created { return }
        }
        throw CheckFailure("a hundred others came first")
    }

    /// Deletes rows by a deletion file for each fragment, which names those deleted before as well.
    ///
    /// - Parameter rows: offsets of live rows by fragment.
    func delete(_ rows: [UInt32: [UInt32]]) async throws {
        try await putVersion { snapshot, proto, _ in
            proto.readerFeatureFlags |= FeatureFlags.deletionFiles.rawValue
            proto.writerFeatureFlags |= FeatureFlags.deletionFiles.rawValue
            for index in proto.fragments.indices {
                let id = UInt32(proto.fragments[index].id)
                guard let new = rows[id], !new.isEmpty else { continue }
                let old = try await snapshot.fragment(id)?.deletions()?.offsets ?? []
                let number = UInt64(id) &* 7919 &+ snapshot.version
                proto.fragments[index].deletionFile = .with {
                    $0.fileType = .bitmap
                    $0.readVersion = snapshot.version
                    $0.id = number
                    $0.numDeletedRows = UInt64(old.count + new.count)
                }
                let key = try ObjectKey("_deletions/\(id)-\(snapshot.version)-\(number).bin")
                _ = try await table.storage.putIfAbsent(key, RoaringBitmap(old + new).serialized, .relaxed)
            }
        }
    }

    /// Takes fragments away, as a writer does whose deletion leaves no row of them. Indices still name them.
    func drop(_ fragments: Set<UInt32>) async throws {
        try await putVersion { _, proto, _ in
            proto.fragments.removeAll { fragments.contains(UInt32($0.id)) }
        }
    }
}
