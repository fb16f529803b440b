// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceFile
import LanceProto
import ObjectStorage
import SwiftProtobuf

/// What a commit made.
package struct Commit: Sendable {
    package let snapshot: Snapshot
    /// Bytes of the manifest and the transaction file.
    package let bytesWritten: Int
}

extension Table {
    private static let attempts = 20

    /// Makes `operation` the next version of the table, or throws and leaves the table as it was.
    ///
    /// The data files that the operation names must be complete and durable. In this order, each step durable before
    /// the next: the transaction file, the manifest's contents, the manifest's name, its directory. The name is
    /// given by put-if-absent, which is the commit: of several writers one gets each version number, and the others
    /// look at what was committed since `base`, rebase where `ConflictRules` allows it, and try the next number.
    ///
    /// - Parameter base: the version that the operation was prepared on; nil for a table that did not exist.
    /// - Throws: `conflict` when somebody committed what the operation cannot follow, or after twenty lost races;
    ///   `commit_unknown` when the manifest has its name and making that durable failed.
    package func commit(_ operation: Operation, basedOn base: Snapshot?) async throws -> Commit {
        let uuid = UUID().uuidString.lowercased()
        let readVersion = base?.version ?? 0
        let transaction = operation.transaction(readVersion: readVersion, uuid: uuid)
        let fileName = "\(readVersion)-\(uuid).txn"
        var current = base
        var judged = readVersion
        try Self.checkWritable(current)

        let transactionKey = try ObjectKey("_transactions/" + fileName)
        let transactionBytes: [UInt8] = try transaction.serializedBytes()
        do {
            let writer = try await storage.create(transactionKey, durability)
            try await writer.write(transactionBytes)
            try await writer.finish()
            for attempt in 0..<Self.attempts {
                // At the first attempt too: that the next number is free does not make `base` the newest version.
                current = try await rebased(operation.kind, onto: base, judged: &judged)
                try Self.checkWritable(current)
                try Task.checkCancellation()
                let manifest = try NextManifest.make(
                    operation, after: current?.manifest, transaction: transaction, transactionFile: fileName,
                    now: Date())
                let scheme = current?.scheme ?? .v2
                guard let name = ManifestName(scheme.name(of: manifest.proto.version)) else {
                    throw Failure(.corrupt, "version \(manifest.proto.version) has no name", path: storage.location)
                }
                // What cannot be read again must not be committed.
                let next = try snapshot(manifest, name)
                let key = try ObjectKey(Self.versionsKey).appending(name.name)
                let bytes = try manifest.serialized()
                if try await storage.putIfAbsent(key, bytes, durability) == .created {
                    return Commit(snapshot: next, bytesWritten: transactionBytes.count + bytes.count)
                }
                try await Self.backOff(attempt)
            }
            throw Failure(
                .conflict,
                "\(Self.attempts) other commits came first; there are too many writers at once, try again later",
                path: storage.location)
        } catch {
            // After an unknown outcome the manifest may name the file.
            if (error as? Failure)?.code != .commitUnknown { try? await storage.delete(transactionKey) }
            throw error
        }
    }

    private static func checkWritable(_ snapshot: Snapshot?) throws {
        guard let snapshot else { return }
        try FeatureFlags(rawValue: snapshot.manifest.proto.writerFeatureFlags).checkWritable(snapshot.location)
    }

    /// The newest version, if an operation of this kind that was prepared on `base` may follow it.
    ///
    /// - Parameter judged: versions up to this one have been looked at. A second look would make each attempt slower
    ///   than the one before, and a busy table would never be caught up with.
    private func rebased(_ kind: Operation.Kind, onto base: Snapshot?, judged: inout UInt64) async throws -> Snapshot? {
        let readVersion = base?.version ?? 0
        let all = try await versions()
        guard all.last?.version ?? 0 >= readVersion else {
            throw Failure(
                .conflict,
                "the table was removed or replaced: version \(readVersion), which this \(kind.rawValue) was prepared on, "
                    + "is gone; nothing was changed, do it again on the newest version",
                path: storage.location)
        }
        let newer = all.filter { $0.version > judged }
        for name in newer {
            let theirs = try await transactionKind(of: name)
            guard ConflictRules.verdict(kind, after: theirs) == .rebase else {
                throw Failure(
                    .conflict,
                    "version \(name.version) (\(theirs.rawValue)) was committed meanwhile, and this \(kind.rawValue) was "
                        + "prepared on version \(readVersion); nothing was changed, do it again on the newest version",
                    path: storage.location)
            }
        }
        judged = max(judged, all.last?.version ?? 0)
        // Not another look at the table: what came since the listing has not been judged.
        guard let name = all.last else { return nil }
        let newest = try await snapshot(name)
        // Versions between the two may have been cleaned away, and the table may have been removed and made again.
        if let base, !ConflictRules.continues(newest.manifest.proto, base.manifest.proto, for: kind) {
            throw Failure(
                .conflict,
                "the table was replaced since version \(readVersion), which this \(kind.rawValue) was prepared on; "
                    + "nothing was changed, do it again on the newest version",
                path: storage.location)
        }
        return newest
    }

    /// What a committed version did: from the manifest, or else from its transaction file.
    private func transactionKind(of name: ManifestName) async throws -> Operation.Kind {
        do {
            let snapshot = try await snapshot(name)
            if let inline = snapshot.manifest.transaction { return inline.kind }
            let file = snapshot.manifest.proto.transactionFile
            guard !file.isEmpty else { return .unknown }
            let region = try await storage.open(ObjectKey("_transactions/" + file))
            return try region.view.message(ProtoTransaction.self, "the transaction").kind
        } catch let failure as Failure where failure.code == .notFound {
            // Cleaned away since the listing: what it did cannot be judged any more.
            return .unknown
        }
    }

    /// Waits a random time below a bound that doubles: 2 ms, 4 ms, … 500 ms.
    private static func backOff(_ attempt: Int) async throws {
        let bound = min(2 << min(attempt, 8), 500)
        try await Task.sleep(for: .microseconds(Int.random(in: 0...bound * 1000)))
    }
}
