// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import ObjectStorage

/// Removes versions of a table, and the files that then no version needs.
///
/// Manifests go first, and durably, so that what is interrupted leaves files that nobody needs and no version without its
/// files. What stays is made durable before, and looked at again before the first file goes: a version that was restored, or
/// given a name, meanwhile keeps everything.
///
/// Of two at once each removes files only where it took itself all the manifests that it wanted to; else it throws
/// `conflict`, and the files go with the next clean-up, when they are old enough. What is not excluded is that both take one
/// manifest at the same moment, and somebody names that version in between: no storage tells who of two removed an object.
package struct Cleaner: Sendable {
    /// What was removed, or would be.
    package struct Result: Sendable, Equatable {
        package var versionsRemoved: [UInt64] = []
        package var versionsKept = 0
        /// Manifests included.
        package var filesRemoved = 0
        package var bytesFreed: UInt64 = 0
        /// Files that no version names, and that are too young to be sure that nobody is about to.
        package var filesSpared = 0
        package var bytesSpared: UInt64 = 0
    }

    private let table: Table
    private let policy: CleanupPolicy
    private var storage: any ObjectStorage { table.storage }

    package init(_ table: Table, _ policy: CleanupPolicy) {
        self.table = table
        self.policy = policy
    }

    /// - Parameters:
    ///   - dryRun: says what there is to do, and does nothing.
    ///   - countsSpared: false leaves `filesSpared` 0 where no version goes, and saves looking for them.
    package func run(dryRun: Bool = false, countsSpared: Bool = true) async throws -> Result {
        let newest = try await table.latest()
        try table.checkWritable(newest)
        try await checkLineage()
        // Files first: one that comes after this is not looked at.
        let entries = try await storage.walk()
        let plan = CleanupFiles(table, policy)
        let (names, tagged) = try await plan.versionsAndTagged()
        let removable = try await removable(names, entries, tagged)
        let kept = names.filter { !removable.contains($0.version) }
        let gone = names.filter { removable.contains($0.version) }
        var files = try await plan.unneeded(
            entries, keeping: kept, removing: gone, countsSpared: countsSpared || !gone.isEmpty)

        var result = Result(versionsRemoved: gone.map(\.version), versionsKept: kept.count)
        if !dryRun, !gone.isEmpty || !files.unneeded.isEmpty {
            try await settle(kept, newest, tagged)
            let remover = ManifestRemover(table, entries)
            result.versionsRemoved = try await remover.remove(gone)
            result.versionsKept += gone.count - result.versionsRemoved.count
            // A branch that was made meanwhile needs files, and no manifest of this table.
            try await checkLineage()
            let ours = Set(result.versionsRemoved)
            try await plan.keep(
                filesOfVersionsOtherThan: Set(kept.map(\.version)),
                removedByUs: ours, ofThoseToGo: gone, in: &files.unneeded)
            try await storage.delete(files.unneeded.map(\.key))
        }
        let sizes = Dictionary(entries.map { ($0.key, $0.size) }) { first, _ in first }
        let removed = Set(result.versionsRemoved)
        for name in gone where removed.contains(name.version) {
            result.bytesFreed &+= sizes[try table.key(of: name)] ?? 0
        }
        result.filesRemoved = removed.count + files.unneeded.count
        result.bytesFreed &+= files.unneeded.reduce(0) { $0 &+ $1.size }
        result.filesSpared = files.spared.count
        result.bytesSpared = files.spared.reduce(0) { $0 &+ $1.size }
        return result
    }

    /// Branches are tables of their own that use this one's files, and so may detached versions.
    private func checkLineage() async throws {
        func refuse(_ what: String) -> Failure {
            Failure(
                .unsupported, "the table has \(what), which may need any of its files; remove it before a clean-up",
                path: storage.location)
        }
        if let branch = try await storage.names(in: ObjectKey("_refs/branches")).sorted().first {
            let name = branch.hasSuffix(".json") ? String(branch.dropLast(5)) : branch
            throw refuse("branches (\(name.replacing("%2F", with: "/")))")
        }
        let names = try await storage.names(in: ObjectKey(Table.versionsKey))
        if let detached = names.first(where: { $0.hasPrefix("d") && $0.hasSuffix(".manifest") }) {
            throw refuse("the detached version \(detached)")
        }
    }

    private func removable(_ names: [ManifestName], _ entries: [ObjectEntry], _ tagged: Set<UInt64>) async throws
        -> Set<UInt64>
    {
        let modified = Dictionary(entries.map { ($0.key, $0.modified) }) { first, _ in first }
        var versions: [CleanupPolicy.Version] = []
        for name in names {
            var moment = modified[try table.key(of: name)] ?? .infinity
            // Either clock may be behind; what is young by one of them is young.
            if moment < policy.replacedBefore, policy.replacedBefore < .infinity {
                moment = max(moment, try await table.outline(name)?.committedAt ?? .infinity)
            }
            versions.append(.init(number: name.version, committedAt: moment))
            // All that comes after it stays too.
            if moment >= policy.replacedBefore { break }
        }
        // Those that were not looked at are among the newest.
        var policy = policy
        policy.keep = max(1, max(policy.keep, 1) - (names.count - versions.count))
        return policy.removable(versions, tagged: tagged)
    }

    /// What goes could have taken the place of what stays, as long as that is not durable.
    private func settle(_ kept: [ManifestName], _ newest: Snapshot, _ tagged: Set<UInt64>) async throws {
        for name in kept where tagged.contains(name.version) && name.version != newest.version {
            try await table.settle(table.snapshot(name))
        }
        try await table.settle(newest)
    }
}
