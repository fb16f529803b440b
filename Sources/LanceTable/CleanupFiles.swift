// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage

/// Finds the files that no kept version of a table needs.
struct CleanupFiles: Sendable {
    private let table: Table
    private let policy: CleanupPolicy

    init(_ table: Table, _ policy: CleanupPolicy) {
        self.table = table
        self.policy = policy
    }

    /// The versions that are there, and the numbers of those that have a tag.
    ///
    /// Throws `conflict` where a version has a tag and is not there. Another clean-up puts a manifest back that was given a
    /// name after it was told to go, and its files must be there then. The tags are read last, so that none is missed of a
    /// version that was away when the versions were listed.
    func versionsAndTagged() async throws -> (versions: [ManifestName], tagged: Set<UInt64>) {
        let versions = try await table.versions()
        let tags = try await table.tags(isComplete: true)
        let there = Set(versions.map(\.version))
        // What has come since the listing is newer than all of it.
        if let last = versions.last?.version,
            let away = tags.first(where: { $0.branch == nil && $0.version < last && !there.contains($0.version) })
        {
            throw Failure(
                .conflict,
                "the tag '\(away.name)' names version \(away.version), which is not there: another clean-up may be about to put it back, try again later; if it never comes back, delete the tag",
                path: table.storage.location)
        }
        return (versions, Set(tags.map(\.version)))
    }

    /// Files that no kept version needs: those to remove, and those that no version names and that are too young.
    ///
    /// - Parameter countsSpared: whether files that are too young to go are looked for.
    /// - Throws: `conflict` where the manifest of a version that stays is not there: another clean-up has taken it, and may
    ///   put it back.
    func unneeded(
        _ entries: [ObjectEntry], keeping kept: [ManifestName], removing gone: [ManifestName], countsSpared: Bool
    ) async throws -> (unneeded: [ObjectEntry], spared: [ObjectEntry]) {
        var candidates: [String: [ObjectEntry]] = [:]
        for entry in entries {
            guard let unit = NamedFiles.unit(of: entry.key) else { continue }
            // Where no version goes, only what no version names can.
            guard !gone.isEmpty || countsSpared || policy.mayGo(unnamed: entry.modified) else { continue }
            candidates[unit, default: []].append(entry)
        }
        // The newest first: it needs most of them.
        for name in kept.reversed() where !candidates.isEmpty {
            guard let units = try await units(of: name, among: candidates) else { throw isBeingRemoved(name) }
            for unit in units { candidates[unit] = nil }
        }
        var unneeded: [ObjectEntry] = []
        for (unit, files) in candidates where files.allSatisfy({ policy.mayGo(unnamed: $0.modified) }) {
            unneeded += files
            candidates[unit] = nil
        }
        for name in gone.reversed() where !candidates.isEmpty {
            for unit in try await units(of: name, among: candidates) ?? [] {
                unneeded += candidates.removeValue(forKey: unit) ?? []
            }
        }
        return (unneeded, candidates.values.flatMap { $0 })
    }

    private func isBeingRemoved(_ name: ManifestName) -> Failure {
        Failure(
            .conflict, "version \(name.version) is being removed by another clean-up; try again later",
            path: table.storage.location)
    }

    /// Takes what versions need that were not there, or not to stay, when the plan was made off the list.
    ///
    /// - Parameters:
    ///   - ours: versions that this clean-up has removed; a listing may lag behind.
    ///   - gone: those that were to go, of which it may have found some gone or named.
    /// - Throws: `conflict` where another clean-up has taken one of them, and may put it back.
    func keep(
        filesOfVersionsOtherThan known: Set<UInt64>, removedByUs ours: Set<UInt64>, ofThoseToGo gone: [ManifestName],
        in unneeded: inout [ObjectEntry]
    ) async throws {
        let versions = try await versionsAndTagged().versions
        let there = Set(versions.map(\.version))
        if let away = gone.first(where: { !ours.contains($0.version) && !there.contains($0.version) }) {
            throw isBeingRemoved(away)
        }
        for name in versions where !known.contains(name.version) && !unneeded.isEmpty {
            guard let units = try await units(of: name) else {
                if ours.contains(name.version) { continue }
                throw isBeingRemoved(name)
            }
            unneeded.removeAll { NamedFiles.unit(of: $0.key).map(units.contains) ?? true }
        }
    }

    /// What a version names, or as much of it as can be among the candidates; nil where its manifest is gone.
    private func units(of name: ManifestName, among candidates: [String: [ObjectEntry]]) async throws -> Set<String>? {
        // Every version has a transaction file of its own: it alone is no reason to read all the fragments.
        guard candidates.keys.allSatisfy({ $0.hasPrefix(NamedFiles.transactions) }) else {
            return try await units(of: name)
        }
        guard let outline = try await table.outline(name) else { return nil }
        return [NamedFiles.transactions + outline.transactionFile]
    }

    private func units(of name: ManifestName) async throws -> Set<String>? {
        guard let manifest = try await table.manifest(name) else { return nil }
        return try NamedFiles.units(
            of: manifest, path: table.storage.location + "/" + Table.versionsKey + "/" + name.name)
    }
}
