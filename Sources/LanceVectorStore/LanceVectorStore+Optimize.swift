// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceIndex
import LanceTable
import Synchronization

extension LanceVectorStore {
    /// Puts the rows that came after the indices were built into them, in one commit.
    ///
    /// New rows make a segment of a vector index of their own, with the partitions and code words that it has: the cost
    /// is in proportion to the new rows, and recall stays what it was as long as they are like the old ones. Segments are
    /// merged when those after them have half as many rows, so that there are never many. A scalar index is written anew.
    /// Indices of kinds that this package does not build are left as they are.
    ///
    /// Cancelling the task ends the work within a fraction of a second and leaves the table as it was.
    ///
    /// - Parameters:
    ///   - dryRun: says what there is to do, and does nothing.
    ///   - progress: called now and then, from any thread.
    /// - Throws: `not_found` where there is no table; `corrupt` where an index's files are damaged; `conflict` after many
    ///   commits of others in a row that rewrote the same rows.
    public func optimizeIndices(dryRun: Bool = false, progress: (@Sendable (IndexProgress) -> Void)? = nil)
        async throws(StoreError) -> OptimizeStats
    {
        try await longDoor {
            let start = ContinuousClock.now
            let isCancelled = Atomic(false)
            var stats = try await withTaskCancellationHandler {
                try await repeating { snapshot in
                    if !dryRun { try table.checkWritable(snapshot) }
                    let optimizer = IndexOptimizer(
                        snapshot, threads: threads, memoryBudget: options.memoryBudget,
                        durability: options.storageDurability
                    ) { stage, fraction in
                        if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
                        if let stage = IndexProgress.Stage(rawValue: stage.rawValue) {
                            progress?(IndexProgress(stage: stage, fraction: fraction))
                        }
                    }
                    return try await optimize(optimizer, snapshot, dryRun)
                }
            } onCancel: {
                isCancelled.store(true, ordering: .relaxed)
            }
            stats.durationSeconds = (ContinuousClock.now - start).seconds
            return stats
        }
    }

    private func optimize(_ optimizer: IndexOptimizer, _ snapshot: Snapshot, _ dryRun: Bool) async throws
        -> OptimizeStats
    {
        let (plans, skipped) = try await optimizer.plan()
        var stats = OptimizeStats(
            indices: [], skipped: Dictionary(skipped.map { ($0.name, $0.reason) }) { first, _ in first },
            diskBytesAdded: 0, durationSeconds: 0)
        for entry in plans.flatMap({ $0.merged + $0.empty }) {
            stats.diskBytesReplaced = stats.diskBytesReplaced.adding(clamping: try await snapshot.bytes(of: entry))
        }
        guard !dryRun else {
            stats.indices = plans.map { plan in
                .init(
                    name: plan.name, rowsAdded: plan.tailRows, segmentsMerged: plan.merged.count + plan.empty.count,
                    segments: plan.kept.count + (plan.tailRows > 0 || !plan.merged.isEmpty ? 1 : 0))
            }
            return stats
        }
        var added: [IndexSegment] = []
        var removed: [IndexEntry] = []
        do {
            for plan in plans {
                let result = try await optimizer.perform(plan)
                added += result.new
                removed += result.removed
                let before = plan.merged.count + plan.kept.count + plan.empty.count
                stats.indices.append(
                    .init(
                        name: plan.name, rowsAdded: result.rowsAdded, segmentsMerged: result.removed.count,
                        segments: before - result.removed.count + result.new.count))
            }
            guard !added.isEmpty || !removed.isEmpty else { return stats }
            let operation = Operation.createIndex(
                new: try added.map { try $0.proto() }, removed: removed.map(\.proto))
            let commit = try await table.commit(operation, basedOn: snapshot)
            let files = added.flatMap(\.files).reduce(0) { $0 + Int(clamping: $1.size) }
            stats.diskBytesAdded = files + commit.bytesWritten
            return stats
        } catch {
            // After an unknown outcome the manifest may name the files.
            if (error as? Failure)?.code != .commitUnknown {
                for segment in added { await optimizer.discard(segment) }
            }
            throw error
        }
    }
}
