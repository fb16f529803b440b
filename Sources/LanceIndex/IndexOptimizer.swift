// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
package import LanceFile
package import LanceTable
package import ObjectStorage

/// Brings the indices of a version up to its rows: rows that are in no segment get one, and small segments become one.
///
/// Partitions, centroids and code words stay as they were learnt. Nothing is part of the table before a commit names it.
package struct IndexOptimizer: Sendable {
    /// One index that has something to be done.
    package struct Plan: Sendable {
        package var name: String
        package var field: TableField
        package var kind: IndexEntry.Kind
        /// Segments that become one with the new rows, the newest first.
        package var merged: [IndexEntry]
        /// Segments that stay.
        package var kept: [IndexEntry]
        /// Segments of which no row is left. The first tells what was learnt where there is no other.
        package var empty: [IndexEntry]
        /// Fragments whose rows are in no segment.
        package var tail: [FragmentReader]
        package var tailRows: Int
    }

    /// What became of an index.
    package struct Result: Sendable {
        package var new: [IndexSegment] = []
        package var removed: [IndexEntry] = []
        /// Rows that are in the index and were not.
        package var rowsAdded = 0
    }

    let snapshot: Snapshot
    let threads: Int
    let memoryBudget: Int?
    let durability: WriteDurability
    let progress: IVFPQBuilder.Progress

    package init(
        _ snapshot: Snapshot, threads: Int, memoryBudget: Int?, durability: WriteDurability,
        progress: @escaping IVFPQBuilder.Progress
    ) {
        self.snapshot = snapshot
        self.threads = threads
        self.memoryBudget = memoryBudget
        self.durability = durability
        self.progress = progress
    }

    /// The indices that have something to be done, and those that this package cannot extend, each with the reason.
    package func plan() async throws -> (plans: [Plan], skipped: [(name: String, reason: String)]) {
        var plans: [Plan] = []
        var skipped: [(String, String)] = []
        for (name, entries) in Dictionary(grouping: snapshot.indices, by: \.name).sorted(by: { $0.key < $1.key }) {
            if let reason = entries.lazy.compactMap(reasonToSkip).first {
                skipped.append((name, reason))
            } else if let plan = try await plan(name, entries) {
                plans.append(plan)
            }
        }
        return (plans, skipped)
    }

    private func reasonToSkip(_ entry: IndexEntry) -> String? {
        if let reason = snapshot.unusableReason(entry) { return reason }
        if entry.kind == .vector, let reason = IVFPQIndex.unsupportedReason(entry) { return reason }
        guard let field = field(of: entry) else { return "the column that it is over is gone" }
        switch (entry.kind, field.type) {
        case (.btree, let type): return type.isBTreeKey ? nil : "it is over \(type) values"
        case (.vector, .fixedSizeList(let item, _)): return item.isFloat ? nil : "it is over vectors of \(item)"
        default: return "it is over \(field.type) values"
        }
    }

    private func field(of entry: IndexEntry) -> TableField? {
        guard entry.fieldIDs.count == 1, let id = entry.fieldIDs.first else { return nil }
        return snapshot.schema.fields.first { $0.id == id }
    }

    /// Nil where there is nothing to be done.
    private func plan(_ name: String, _ entries: [IndexEntry]) async throws -> Plan? {
        guard let first = entries.first, let field = field(of: first),
            entries.allSatisfy({ $0.fieldIDs == first.fieldIDs && $0.kind == first.kind })
        else { return nil }
        let newestFirst = entries.newestFirst
        let live = newestFirst.filter { snapshot.isLive($0) }
        var tail: [FragmentReader] = []
        var tailRows = 0
        for fragment in snapshot.uncoveredFragments(of: live) {
            let reader = FragmentReader(snapshot: snapshot, fragment: fragment)
            tail.append(reader)
            tailRows += try await reader.liveRows()
        }
        let count: Int
        if first.kind == .btree {
            // Always one: what looks into the first alone, as pylance 4.0.2 does when it merges rows in, misses rows of
            // the others and adds them a second time.
            count = tailRows > 0 || live.count > 1 ? live.count : 0
        } else {
            var sizes: [Int] = []
            for entry in live.reversed() { sizes.append(try await snapshot.coveredRows(of: [entry])) }
            count = tailRows > 0 || sizes.count > SegmentTiers.most ? SegmentTiers.merged(sizes, new: tailRows) : 0
        }
        let empty = newestFirst.filter { !snapshot.isLive($0) }
        // One segment and nothing new to put to it is what there would be afterwards.
        guard tailRows > 0 || count > 1 || !empty.isEmpty && !live.isEmpty else { return nil }
        return Plan(
            name: name, field: field, kind: first.kind, merged: Array(live.prefix(count)),
            kept: Array(live.dropFirst(count)), empty: empty, tail: tail, tailRows: tailRows)
    }

    // MARK: Doing

    /// Writes what a plan asks for. Where it throws nothing is left behind.
    package func perform(_ plan: Plan) async throws -> Result {
        switch plan.kind {
        case .btree: try await extendBTree(plan)
        default: try await extendVectors(plan)
        }
    }

    /// Putting values in order is cheap: those of merged segments are read from the table again.
    private func extendBTree(_ plan: Plan) async throws -> Result {
        var result = Result(removed: plan.merged + plan.empty)
        let covered = Set(plan.tail.map(\.id)).union(plan.merged.flatMap { Set(fragments(of: $0, in: plan)) })
        let readers = snapshot.fragmentReaders.filter { covered.contains($0.id) }
        guard !readers.isEmpty else { return result }
        result.new = [
            try await BTreeBuilder.build(
                name: plan.name, over: snapshot, readers, field: plan.field,
                byAddress: (plan.merged + plan.kept + plan.empty).contains { !snapshot.holdsRowIDs($0) },
                durability: durability)
        ]
        result.rowsAdded = plan.tailRows
        return result
    }

    /// The live fragments that a segment answers for: of those that several cover the newest does.
    private func fragments(of entry: IndexEntry, in plan: Plan) -> [UInt32] {
        var ids: [UInt32] = []
        let newer = (plan.merged + plan.kept).prefix { $0.uuid != entry.uuid }
        for fragment in snapshot.fragments
        where snapshot.covers(entry, fragment) && !newer.contains(where: { snapshot.covers($0, fragment) }) {
            ids.append(fragment.id)
        }
        return ids
    }

    private func extendVectors(_ plan: Plan) async throws -> Result {
        guard case .fixedSizeList(let element, let dimension) = plan.field.type,
            let newest = (plan.merged + plan.kept + plan.empty).first
        else { return Result() }
        let model = try await open(newest, dimension).model
        let delta = try await IVFPQBuilder(
            IVFPQBuilder.Request(), snapshot, plan.field, dimension: dimension, threads: threads,
            memoryBudget: memoryBudget,
            progress: progress
        ).extend(model, over: plan.tail, name: plan.name, durability: durability)
        var result = Result(removed: plan.empty, rowsAdded: delta?.rows ?? 0)
        do {
            // Where an older segment has learnt otherwise, it and those before it stay as they are.
            var sources: [IVFPQMerger.Source] = []
            var taken: [IndexEntry] = []
            var covered = Set<UInt32>()
            for entry in plan.merged {
                let index = try await open(entry, dimension)
                guard index.model == model else { break }
                let own = fragments(of: entry, in: plan)
                let others = Set(snapshot.fragments.map(\.id)).subtracting(own)
                let liveness = try await RowLiveness(entry, in: snapshot, leavingOut: others)
                sources.append(.init(index) { liveness.address(ofRowID: $0) == nil ? nil : $0 })
                taken.append(entry)
                covered.formUnion(own)
            }
            guard sources.count + (delta == nil ? 0 : 1) > 1 else {
                result.new = delta.map { [$0.segment] } ?? []
                return result
            }
            if let delta {
                let index = try await IVFPQIndex.open(
                    delta.segment.uuid, dimension: dimension, in: snapshot.storage)
                sources.append(.init(index) { $0 })
                covered.formUnion(plan.tail.map(\.id))
            }
            let merger = IVFPQMerger(
                name: plan.name, fieldIDs: [plan.field.id], datasetVersion: snapshot.version,
                covered: RoaringBitmap(covered), element: element)
            result.new = [try await merger.merge(sources, in: snapshot.storage, durability).segment]
            result.removed += taken
        } catch {
            await discard(delta?.segment)
            throw error
        }
        await discard(delta?.segment)
        return result
    }

    private func open(_ entry: IndexEntry, _ dimension: Int) async throws -> IVFPQIndex {
        do {
            return try await IVFPQIndex.open(entry.uuid, dimension: dimension, in: snapshot.storage)
        } catch var failure as Failure where failure.code == .corrupt {
            failure.message = "the index '\(entry.name)' cannot be used, build it again or drop it: \(failure.message)"
            throw failure
        }
    }

    /// Removes a segment's files that no commit names.
    package func discard(_ segment: IndexSegment?) async {
        guard let segment else { return }
        await segment.directory.discard(segment.files.map(\.name), in: snapshot.storage)
    }
}
