// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceFile
import LanceProto
import ObjectStorage
import SwiftProtobuf
import Synchronization

/// What a commit made.
package struct Commit: Sendable {
    package let snapshot: Snapshot
    /// Bytes of the manifest and the transaction file.
    package let bytesWritten: Int
    /// The version that it followed; nil where it made the table.
    package let previous: Snapshot?
}

extension Table {
    private static let attempts = 20
    /// Looks at the table before an attempt, where each finds more files of others to be made durable than one commit makes.
    private static let looks = 4
    /// After so long others may have committed and cleaned up what this process has listed.
    private static let longAttempt = Duration.seconds(1)

    /// Makes `operation` the next version of the table, or throws and leaves the table as it was.
    ///
    /// The data files that the operation names must be complete and durable. In this order, each step durable before
    /// the next: the transaction file, the manifest's contents, the manifest's name, its directory. The name is
    /// given by put-if-absent, which is the commit: of several writers one gets each version number, and the others
    /// look at what was committed since `base`, rebase where `ConflictRules` allows it, and try the next number. What the
    /// next version takes over from others is made durable before (`settle`).
    ///
    /// - Parameters:
    ///   - base: the version that the operation was prepared on; nil for a table that did not exist.
    ///   - directly: throws `conflict` where anything was committed after `base`, whatever it is.
    /// - Throws: `conflict` when somebody committed what the operation cannot follow, or after twenty lost races;
    ///   `commit_unknown` when the manifest has its name and making that durable failed, or when it cannot be known
    ///   whether a manifest is this commit's or was seen by anybody.
    package func commit(_ operation: Operation, basedOn base: Snapshot?, directly: Bool = false) async throws -> Commit
    {
        let uuid = UUID().uuidString.lowercased()
        let readVersion = base?.version ?? 0
        let transaction = operation.transaction(readVersion: readVersion, uuid: uuid)
        let fileName = "\(readVersion)-\(uuid).txn"
        var current = base
        let change = Change(transaction)
        var judged = Judged(upTo: readVersion, transactionFile: fileName)
        var settled: Set<String> = []
        /// Of the last put.
        var start: ContinuousClock.Instant?
        try checkWritable(current)

        let transactionKey = try ObjectKey("_transactions/" + fileName)
        let transactionBytes: [UInt8] = try transaction.serializedBytes()
        do {
            let writer = try await storage.create(transactionKey, durability)
            try await writer.write(transactionBytes)
            try await writer.finish()
            var (attempt, look) = (0, 0)
            while attempt < Self.attempts {
                // At the first attempt too: that the next number is free does not make `base` the newest version.
                let standing = try await rebased(change, onto: base, judged: &judged)
                switch standing {
                case .committed(let mine): return try made(mine, after: current, transactionBytes.count, start)
                case .follows(let newest): current = newest
                }
                if directly, current?.version != base?.version {
                    throw Failure(.conflict, "another version was committed meanwhile", path: storage.location)
                }
                try checkWritable(current)
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
                // Reserved ids are of use only to the commit that follows, which settles what it keeps.
                if let current, operation.kind != .reserveFragments {
                    let count = try await settle(next, after: current, operation.kind, &settled)
                    look += 1
                    // That took its time, and others have not waited. There is less to do each time.
                    if count > 2, look < Self.looks { continue }
                }
                look = 0
                judged.hasPut = true
                // What is put on top of it begins later, and what comes before it makes it fail.
                start = startOfLook()
                if try await storage.putIfAbsent(key, bytes, durability) == .created {
                    if let listed = judged.listed, now() - listed > Self.longAttempt {
                        let previous = current
                        try await Self.despiteCancellation {
                            try await self.checkThatNumberWasFree(for: next, after: previous)
                        }
                    }
                    remember(made: next, start)
                    if durability == .full, operation.kind != .reserveFragments { durable.withLock { $0 = next } }
                    return Commit(
                        snapshot: next, bytesWritten: transactionBytes.count + bytes.count, previous: current)
                }
                judged.denied = next.version
                try await Self.backOff(attempt)
                attempt += 1
            }
            if case .committed(let mine) = try await rebased(change, onto: base, judged: &judged) {
                return try made(mine, after: current, transactionBytes.count, start)
            }
            throw Failure(
                .conflict,
                "\(Self.attempts) other commits came first; there are too many writers at once, try again later",
                path: storage.location)
        } catch {
            // It may have been made all the same.
            if start != nil { forgetRecent() }
            if let denied = judged.denied, (error as? Failure)?.code != .commitUnknown {
                let mine = try await Self.despiteCancellation { [judged] in
                    try await self.outcome(of: denied, after: error) { judged.isOurs($0) }
                }
                if let mine { return try made(mine, after: current, transactionBytes.count, start) }
            }
            // After an unknown outcome the manifest may name the file.
            if (error as? Failure)?.code != .commitUnknown { await storage.discard([transactionKey]) }
            throw error
        }
    }

    /// A commit of ours that was found.
    private func made(
        _ mine: Snapshot, after previous: Snapshot?, _ transactionBytes: Int, _ start: ContinuousClock.Instant?
    ) throws -> Commit {
        remember(made: mine, start)
        let bytes = transactionBytes + (try mine.manifest.serialized().count)
        return Commit(snapshot: mine, bytesWritten: bytes, previous: previous)
    }

    /// Throws `unsupported` for a table that this package must not write.
    package func checkWritable(_ snapshot: Snapshot?) throws {
        try checkNewest()
        guard let snapshot else { return }
        try FeatureFlags(rawValue: snapshot.manifest.proto.writerFeatureFlags).checkWritable(snapshot.location)
    }

    /// How far the versions after the one that an operation was prepared on have been looked at. A second look would make
    /// each attempt slower than the one before, and a busy table would never be caught up with.
    private struct Judged {
        var upTo: UInt64
        /// None is missing in between, and the first still is the one that the operation was prepared on.
        var isWhole = true
        var knowsBase = false
        /// Ours, whose name nobody else has.
        let transactionFile: String
        /// A manifest of ours was put, and the storage said that another one was there.
        var hasPut = false
        /// The number of that manifest, until it was seen that it is another writer's.
        var denied: UInt64?
        /// How many times in a row the newest version was listed and then not there.
        var vanished = 0
        /// When the versions were last listed.
        var listed: ContinuousClock.Instant?

        init(upTo version: UInt64, transactionFile: String) {
            upTo = version
            self.transactionFile = transactionFile
        }

        func isOurs(_ snapshot: Snapshot) -> Bool {
            hasPut && snapshot.manifest.proto.transactionFile == transactionFile
        }

        /// It is none of ours.
        mutating func saw(_ snapshot: Snapshot) {
            if denied == snapshot.version { denied = nil }
        }
    }

    private enum Standing {
        /// The newest version; nil where there is none.
        case follows(Snapshot?)
        /// The commit has happened: what the storage took for another writer's manifest is ours.
        case committed(Snapshot)
    }

    /// The newest version, if an operation that was prepared on `base` may follow it.
    ///
    /// A storage that loses an answer may take our own manifest for somebody else's. To follow it would do the same once
    /// more, and to fail would have files removed that it names.
    private func rebased(_ mine: Change, onto base: Snapshot?, judged: inout Judged) async throws -> Standing {
        let readVersion = base?.version ?? 0
        func failure(_ code: Failure.Code, _ what: String) -> Failure {
            let prepared = "which this \(mine.kind.rawValue) was prepared on"
            return Failure(
                code,
                what.replacing("%", with: "version \(readVersion), \(prepared)")
                    + "; nothing was changed, do it again on the newest version",
                path: storage.location)
        }
        judged.listed = now()
        let all = try await versions()
        // The newest is never cleaned away.
        if let denied = judged.denied, all.last?.version ?? 0 < denied { judged.denied = nil }
        guard all.last?.version ?? 0 >= readVersion else {
            throw failure(.conflict, "the table was removed or replaced: %, is gone")
        }
        if base == nil, judged.hasPut, let first = all.first(where: { $0.version == 1 }),
            let snapshot = try await snapshotIfThere(first)
        {
            if judged.isOurs(snapshot) { return .committed(snapshot) }
            judged.saw(snapshot)
        }
        guard base != nil || all.isEmpty else {
            // Also where the version that made it is cleaned away: what is there was not meant to be replaced.
            throw Failure(
                .conflict, "somebody else made a table here meanwhile; nothing was changed, do it again",
                path: storage.location)
        }
        for name in all where name.version > judged.upTo {
            if !judged.knowsBase, let base {
                judged.isWhole = try await isThere(base, among: all)
                judged.knowsBase = true
            }
            let snapshot = try await snapshotIfThere(name)
            if let snapshot {
                if judged.isOurs(snapshot) { return .committed(snapshot) }
                judged.saw(snapshot)
            }
            let theirs = try await change(of: snapshot)
            switch ConflictRules.verdict(mine, after: theirs) {
            case .rebase: break
            case .conflict:
                throw failure(
                    .conflict, "version \(name.version) (\(theirs.kind.rawValue)) was committed meanwhile, after %")
            case .incompatible:
                throw failure(
                    .incompatible,
                    "version \(name.version) (\(theirs.kind.rawValue)) replaced the table's contents meanwhile, after %"
                )
            }
            if name.version != judged.upTo + 1 { judged.isWhole = false }
            judged.upTo = name.version
        }
        // Cleaned away before anybody looked at it: it may be ours, and what followed it has its rows.
        if let denied = judged.denied {
            throw failure(.conflict, "version \(denied), which was put and refused, is gone")
        }
        // Not another look at the table: what came since the listing has not been judged.
        guard let name = all.last else { return .follows(nil) }
        // Cleaned away since the listing, there is a newer one.
        guard let newest = try await snapshotIfThere(name) else {
            judged.vanished += 1
            guard judged.vanished < Self.looks else { throw vanished(times: judged.vanished) }
            return try await rebased(mine, onto: base, judged: &judged)
        }
        judged.vanished = 0
        // Versions between the two may have been cleaned away, and the table may have been removed and made again.
        if let base,
            !ConflictRules.continues(newest.manifest, base.manifest, for: mine, isJudged: judged.isWhole)
        {
            throw failure(
                newest.manifest.proto.fields.areSameColumns(as: base.manifest.proto.fields) ? .conflict : .incompatible,
                "the table's columns or contents were replaced since %")
        }
        return .follows(newest)
    }

    /// Nil where it was cleaned away since the listing.
    func snapshotIfThere(_ name: ManifestName) async throws -> Snapshot? {
        do {
            return try await snapshot(name)
        } catch let failure as Failure where failure.code == .notFound {
            return nil
        }
    }

    /// Whether a version still is the one that this process read.
    private func isThere(_ base: Snapshot, among all: [ManifestName]) async throws -> Bool {
        guard let name = all.first(where: { $0.version == base.version }) else { return false }
        return try await snapshotIfThere(name)?.manifest.proto.transactionFile == base.manifest.proto.transactionFile
    }

    /// What a committed version did: from the manifest, or else from its transaction file. What was cleaned away cannot be
    /// judged any more.
    private func change(of snapshot: Snapshot?) async throws -> Change {
        guard let snapshot else { return Change(.unknown) }
        do {
            return try await transaction(of: snapshot).map { Change($0) } ?? Change(.unknown)
        } catch let failure as Failure where failure.code == .notFound {
            return Change(.unknown)
        }
    }

    /// From the manifest, or else from its file; nil where there is neither.
    private func transaction(of snapshot: Snapshot) async throws -> ProtoTransaction? {
        if let inline = snapshot.manifest.transaction { return inline }
        let file = snapshot.manifest.proto.transactionFile
        guard !file.isEmpty else { return nil }
        let region = try await storage.open(ObjectKey("_transactions/" + file))
        return try region.view.message(ProtoTransaction.self, "the transaction")
    }

    /// What the commit of a version did, in a word: "unknown" where its transaction was cleaned up.
    package func operation(of snapshot: Snapshot) async throws -> String {
        do {
            return try await (transaction(of: snapshot)?.kind ?? .unknown).rawValue
        } catch let failure as Failure where failure.code == .notFound {
            return Operation.Kind.unknown.rawValue
        }
    }

    /// Waits a random time below a bound that doubles: 2 ms, 4 ms, … 500 ms.
    package static func backOff(_ attempt: Int) async throws {
        let bound = min(2 << min(attempt, 8), 500)
        try await Task.sleep(for: .microseconds(Int.random(in: 0...bound * 1000)))
    }
}
