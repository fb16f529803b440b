// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import ObjectStorage
import Synchronization

extension Table {
    /// Files that were changed longer ago are on the device: systems write what is changed back within about half a minute.
    private static let settlingSeconds = 3600.0

    /// Makes durable what the next version has from others: a commit is worth no more than what it builds on.
    ///
    /// The official library, and this one with `.relaxed`, do not wait for the device. Nothing is done where this process
    /// made the version before durable itself.
    ///
    /// - Parameter settled: what earlier attempts at the commit have made durable, to which this one adds: an attempt must
    ///   not take longer than the one before, or a busy table is never caught up with.
    /// - Returns: how much there was to do.
    func settle(_ next: Snapshot, after current: Snapshot, _ kind: Operation.Kind, _ settled: inout Set<String>)
        async throws -> Int
    {
        // What a server has acknowledged is there to stay.
        guard durability == .full, !storage.isDistant else { return 0 }
        let known = durable.withLock { $0 }
        var units = try units(of: next)
        // What is new was written, durably, for this commit; but a restored version's files are nobody's.
        if kind != .restore {
            guard known.map(current.isSameCommit) != true else { return 0 }
            units.formIntersection(try self.units(of: current))
        }
        if let known { units.subtract(try self.units(of: known)) }
        units.subtract(settled)
        try await synchronize(files(units))
        settled.formUnion(units)
        return units.count
    }

    /// Makes a version durable whoever wrote it: what depends on its being there is worth no more than it.
    package func settle(_ snapshot: Snapshot) async throws {
        guard durability == .full, !storage.isDistant,
            durable.withLock({ $0 }).map(snapshot.isSameCommit) != true
        else { return }
        try await synchronize(files(units(of: snapshot)) + manifestFiles(of: snapshot))
    }

    private func synchronize(_ keys: [ObjectKey]) async throws {
        try await storage.synchronize(keys, changedSince: Date().timeIntervalSince1970 - Self.settlingSeconds)
    }

    private func manifestFiles(of snapshot: Snapshot) throws -> [ObjectKey] {
        let transaction = snapshot.manifest.proto.transactionFile
        return [try ObjectKey(Self.versionsKey).appending(snapshot.scheme.name(of: snapshot.version))]
            + (transaction.isEmpty ? [] : [try ObjectKey("_transactions/" + transaction)])
    }

    /// Makes the newest version durable, the versions that have a name, and these names, whoever wrote them.
    package func flush() async throws {
        var snapshots: [Snapshot] = [try await latest()]
        let tags = try await tags().filter { $0.branch == nil }
        let tagged = Set(tags.map(\.version))
        for name in try await versions() where tagged.contains(name.version) && name.version != snapshots[0].version {
            snapshots.append(try await snapshot(name))
        }
        var keys = Set<ObjectKey>()
        for snapshot in snapshots {
            keys.formUnion(try await files(units(of: snapshot)))
            keys.formUnion(try manifestFiles(of: snapshot))
        }
        for tag in tags { keys.insert(try Tag.key(tag.name)) }
        try await storage.synchronize(Array(keys), changedSince: nil)
        // Also that names were taken away.
        for directory in [Self.versionsKey, Tag.directory] {
            try await storage.synchronize(directory: ObjectKey(directory))
        }
        durable.withLock { $0 = snapshots[0] }
    }

    private func units(of snapshot: Snapshot) throws -> Set<String> {
        try NamedFiles.units(of: snapshot.manifest, path: storage.location)
    }

    /// The data, blob, deletion and index files among units that a version names.
    private func files(_ units: Set<String>) async throws -> [ObjectKey] {
        var files: [ObjectKey] = []
        var blobs: Set<String>?
        for unit in units {
            // A name that leads elsewhere is nothing to be read either.
            guard let key = try? ObjectKey(unit) else { continue }
            switch key.components[0] {
            case "_transactions": continue
            case "_indices":
                for name in try await storage.names(in: key) { files.append(try key.appending(name)) }
                continue
            default: files.append(key)
            }
            guard key.components.count == 2, let directory = NamedFiles.blobDirectory(of: unit) else { continue }
            let known: Set<String>
            if let blobs {
                known = blobs
            } else {
                known = Set(try await storage.directories(in: key.parent).map { "\(key.parent)/\($0)" })
                blobs = known
            }
            guard known.contains(directory) else { continue }
            let parent = try ObjectKey(directory)
            for name in try await storage.names(in: parent) { files.append(try parent.appending(name)) }
        }
        return files
    }
}
