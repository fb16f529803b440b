// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceIndex
import LanceProto
import LanceTable

extension LanceVectorStore {
    /// Writes small fragments together, and fragments of which a tenth of the rows are deleted without these, in one commit
    /// (and one before it that reserves their ids).
    ///
    /// The rows stay the same, in perhaps another order, and indices follow them in the same commit: what was found before is
    /// found afterwards. Old files stay for older versions until they are cleaned up.
    ///
    /// - Parameters:
    ///   - targetRows: rows of a fragment that is large enough, at least 1.
    ///   - dryRun: says what there is to do, and does nothing.
    /// - Throws: `not_found` where there is no table; `unsupported` where a column cannot be written; `conflict` after many
    ///   commits of others in a row that changed the same rows.
    public func compact(targetRows: Int = 1 << 20, dryRun: Bool = false) async throws(StoreError) -> CompactStats {
        try await longDoor {
            let start = ContinuousClock.now
            guard targetRows >= 1 else {
                throw Failure(.invalidArgument, "targetRows must be at least 1, got \(targetRows)")
            }
            var stats = try await repeating { snapshot in
                try await compact(snapshot, targetRows: targetRows, dryRun: dryRun)
            }
            stats.durationSeconds = (ContinuousClock.now - start).seconds
            return stats
        }
    }

    /// - Parameter groups: those of the plan that are to be done; nil for all.
    func compact(
        _ first: Snapshot, targetRows: Int, dryRun: Bool,
        only groups: ((CompactionPlan, [CompactionPlan.Candidate]) -> CompactionPlan)? = nil
    ) async throws -> CompactStats {
        if !dryRun { try table.checkWritable(first) }
        let (plan, skipped) = try await compactionPlan(first, targetRows, only: groups)
        var stats = CompactStats(
            fragmentsRemoved: 0, fragmentsAdded: 0, rowsRewritten: 0, rowsDropped: 0, skipped: skipped,
            diskBytesAdded: 0, durationSeconds: 0)
        guard !plan.groups.isEmpty else { return stats }
        for id in plan.groups.joined() {
            guard let reader = first.fragment(id) else { continue }
            let (rows, live) = (try await reader.physicalRows(), try await reader.liveRows())
            stats.fragmentsRemoved += 1
            stats.rowsRewritten = stats.rowsRewritten.adding(clamping: live)
            stats.rowsDropped = stats.rowsDropped.adding(clamping: rows - live)
        }
        stats.fragmentsAdded = plan.groups.count
        stats.diskBytesReplaced = try await first.bytes(ofFragments: plan.groups.joined())
        let moved = Set(plan.groups.joined())
        for entry in first.indices
        where !first.holdsRowIDs(entry) && moved.contains(where: entry.coveredFragments.contains) {
            stats.diskBytesReplaced = stats.diskBytesReplaced.adding(clamping: try await first.bytes(of: entry))
        }
        if dryRun { return stats }
        let compactor = try Compactor(first, options.storageDurability)
        do {
            var written: [Compactor.Written] = []
            for group in plan.groups {
                written.append(try await compactor.write(group.compactMap { first.fragment($0) }))
            }
            let bytes = try await commit(written, basedOn: first)
            stats.fragmentsAdded = written.reduce(0) { $0 + $1.new.count }
            stats.diskBytesAdded = compactor.bytesWritten + bytes
            return stats
        } catch {
            // After an unknown outcome the manifest may name the files.
            if (error as? Failure)?.code != .commitUnknown { await compactor.discard() }
            throw error
        }
    }

    private func compactionPlan(
        _ snapshot: Snapshot, _ targetRows: Int,
        only groups: ((CompactionPlan, [CompactionPlan.Candidate]) -> CompactionPlan)?
    ) async throws -> (plan: CompactionPlan, skipped: [String: String]) {
        var skipped: [String: String] = [:]
        var fixed = Set<Int>()
        for (number, entry) in snapshot.indices.enumerated() where snapshot.isLive(entry) {
            guard let reason = IndexRemapper.reasonToStay(entry, in: snapshot) else { continue }
            skipped[entry.name] = reason
            fixed.insert(number)
        }
        var candidates: [CompactionPlan.Candidate] = []
        for reader in snapshot.fragmentReaders {
            let coverage = Set(
                snapshot.indices.indices.filter { snapshot.covers(snapshot.indices[$0], reader.fragment) })
            let rows = try await reader.physicalRows()
            candidates.append(
                .init(
                    id: reader.id, rows: rows, deleted: rows - (try await reader.liveRows()), coverage: coverage,
                    isFixed: !coverage.isDisjoint(with: fixed)))
        }
        let plan = CompactionPlan(candidates, target: targetRows)
        return (groups?(plan, candidates) ?? plan, skipped)
    }

    /// Reserves ids for the new fragments, lets the indices follow, and commits both. Returns the bytes that were added.
    private func commit(_ written: [Compactor.Written], basedOn first: Snapshot) async throws -> Int {
        let count = written.reduce(0) { $0 + $1.new.count }
        var bytes = 0
        var base = first
        var nextID: UInt64 = 0
        if count > 0 {
            let reserved = try await table.commit(.reserveFragments(UInt32(clamping: count)), basedOn: first)
            bytes += reserved.bytesWritten
            base = reserved.snapshot
            nextID = UInt64(base.manifest.proto.maxFragmentID) + 1 - UInt64(count)
        }
        var moves = RowMoves()
        var groups: [FragmentRewrite.Group] = []
        var coverage: [(old: Set<UInt32>, new: [UInt32])] = []
        for group in written {
            var new = group.new
            for number in new.indices {
                new[number].id = nextID
                nextID += 1
            }
            var old: [(id: UInt32, rows: Int, deletions: DeletionVector?)] = []
            for reader in group.old {
                old.append((reader.id, try await reader.physicalRows(), try await reader.deletions()))
            }
            let ids = new.map { (id: UInt32(clamping: $0.id), rows: Int(clamping: $0.physicalRows)) }
            moves.add(old, to: ids)
            groups.append(.init(old: group.old.map(\.fragment.proto), deletions: old.map(\.deletions), new: new))
            coverage.append((Set(old.map(\.id)), ids.map(\.id)))
        }
        let gone = coverage.reduce(into: Set<UInt32>()) { $0.formUnion($1.old) }
        let next = try base.replacing(gone, with: groups.flatMap(\.new))
        // What others committed between the reading and the reservation is judged with the rest: `first` is the base.
        let remapper = IndexRemapper(
            first, next: next, moves: moves, groups: coverage, durability: options.storageDurability)
        let remapped = try await remapper.remap()
        do {
            let rewrite = FragmentRewrite(groups: groups, indices: remapped.entries)
            bytes += try await table.commit(.rewrite(rewrite), basedOn: first).bytesWritten
            return bytes + remapped.new.flatMap(\.files).reduce(0) { $0 + Int(clamping: $1.size) }
        } catch {
            if (error as? Failure)?.code != .commitUnknown { await remapper.discard(remapped) }
            throw error
        }
    }
}
