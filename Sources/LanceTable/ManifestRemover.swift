// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage
import Synchronization

/// Removes manifests of versions that are not to be kept, and puts back those that turn out to be.
struct ManifestRemover: Sendable {
    /// Manifests removed between two looks at the tags; their bytes are in reach until then.
    private static let batch = 64

    private let table: Table
    private let planned: [ObjectKey: ObjectEntry]
    private var storage: any ObjectStorage { table.storage }

    /// - Parameter entries: the objects as they were when it was decided which versions go.
    init(_ table: Table, _ entries: [ObjectEntry]) {
        self.table = table
        planned = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
    }

    /// Removes the oldest first, durably where the table's commits are. Returns those that this clean-up
    /// has removed: not those that were given a name meanwhile, and none that another clean-up took.
    func remove(_ names: [ManifestName]) async throws -> [UInt64] {
        var gone: [UInt64] = []
        for start in stride(from: 0, to: names.count, by: Self.batch) {
            try Task.checkCancellation()
            let tagged = try await tagged()
            let batch = names[start..<min(start + Self.batch, names.count)].filter { !tagged.contains($0.version) }
            gone += try await remove(batch: batch)
        }
        if !gone.isEmpty, table.durability == .full {
            try await storage.synchronize(directory: ObjectKey(Table.versionsKey))
        }
        return gone
    }

    private func tagged() async throws -> Set<UInt64> {
        Set(try await table.tags(isComplete: true).map(\.version))
    }

    private func remove(batch: [ManifestName]) async throws -> [UInt64] {
        var contents: [(name: ManifestName, key: ObjectKey, bytes: Region)] = []
        for name in batch {
            let key = try table.key(of: name)
            do {
                let bytes = try await storage.open(key)
                try await checkUnchanged(key)
                contents.append((name, key, bytes))
            } catch let failure as Failure where failure.code == .notFound {
                // Somebody else's to remove, and to put back.
                continue
            }
        }
        let removed = contents
        // Not those that another clean-up has removed meanwhile, and perhaps their files.
        let mine = Mutex(Set<ObjectKey>())
        let deletion: any Error
        do {
            try await storage.delete(removed.map(\.key)) { key in
                if try await checkUnchanged(key) { mine.withLock { _ = $0.insert(key) } }
            }
            // Whoever gives a version a name looks for its manifest afterwards; so one of the two sees the other.
            let tagged = try await tagged()
            let named = removed.filter { one in
                tagged.contains(one.name.version) && mine.withLock { $0.contains(one.key) }
            }
            try await putBack(named.map { ($0.key, $0.bytes) }, onlyWhole: true)
            return removed.filter { one in
                !tagged.contains(one.name.version) && mine.withLock { $0.contains(one.key) }
            }.map(\.name.version)
        } catch let failure as Failure where failure.code == .conflict {
            // What went is of a table that is no more, and would be in the new one's way.
            throw failure
        } catch {
            deletion = error
        }
        // Nobody knows which of them are needed now.
        let back = removed.filter { one in mine.withLock { $0.contains(one.key) } }
        try await putBack(back.map { ($0.key, $0.bytes) })
        throw deletion
    }

    /// Whether a manifest still is there. Throws `conflict` where it is another one: a table that was removed and made anew
    /// has other versions of the same numbers.
    @discardableResult
    private func checkUnchanged(_ key: ObjectKey) async throws -> Bool {
        guard let entry = planned[key] else { return true }
        let isTheSame: Bool
        if let stamp = try await storage.stamp(of: key) {
            isTheSame = stamp.time == entry.modified
        } else if let planned = entry.tag, let tag = try await storage.tag(of: key) {
            isTheSame = tag == planned
        } else {
            // It is gone, or there are neither stamps nor tags.
            return try await isThere(key)
        }
        guard isTheSame else {
            throw Failure(
                .conflict,
                "the table was removed and made anew during the clean-up; nothing of the new one was removed",
                path: storage.location)
        }
        return true
    }

    private func isThere(_ key: ObjectKey) async throws -> Bool {
        do {
            _ = try await storage.size(key)
            return true
        } catch let failure as Failure where failure.code == .notFound {
            return false
        }
    }

    /// Whatever happens to the task that asked for it.
    ///
    /// - Parameter onlyWhole: not those whose rows are gone. Between a look at a manifest and its removal another clean-up
    ///   may have taken it, and its files; who gave it a name is told that it is not there.
    private func putBack(_ objects: [(key: ObjectKey, bytes: Region)], onlyWhole: Bool = false) async throws {
        guard !objects.isEmpty else { return }
        let (storage, durability) = (storage, table.durability)
        try await Task {
            // What cannot be known is no reason to lose a version.
            let present =
                onlyWhole ? (try? await storage.walk()).map { Set($0.compactMap { NamedFiles.unit(of: $0.key) }) } : nil
            for (key, bytes) in objects {
                if let present, let manifest = try? Manifest(parsing: bytes.view),
                    let units = try? NamedFiles.units(of: manifest, path: storage.location),
                    !units.allSatisfy({ !NamedFiles.hasRows($0) || present.contains($0) })
                {
                    continue
                }
                _ = try await storage.putIfAbsent(key, bytes.view.bytes, durability)
            }
        }.value
    }
}
