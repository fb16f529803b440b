// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceTable

extension LanceVectorStore {
    /// From so many rows on that no index has, comparing them takes as long as the rest of a search.
    private static let tailThatPays = 1000
    private static let targetRows = 1 << 20

    /// Does what pays, in this order: brings indices up to the rows, writes small and hollow fragments again, and removes
    /// old versions. For a timer, or after every batch of writes: where there is nothing to do it looks at the newest
    /// version and lists the table's directory.
    ///
    /// * ``optimizeIndices(dryRun:progress:)`` when 1,000 rows or more are in no segment of an index, or when it has too many
    ///   segments.
    /// * ``compact(targetRows:dryRun:)`` of neighbouring fragments that are four or more, none of them with more than half of
    ///   the rows, and of those that lose a tenth of their rows: so a row is written again only as often as the table doubles.
    /// * ``cleanup(olderThan:keep:gracePeriod:dryRun:)`` with its defaults.
    ///
    /// - Parameters:
    ///   - budget: no index, group of fragments or clean-up is begun after this time; what was begun is finished.
    ///   - dryRun: says what there is to do, and does nothing.
    /// - Throws: what these throw, but that a table with branches, or one that another clean-up is at work
    ///   on, is not cleaned up, and ``MaintenanceStats/left`` says so.
    public func maintain(budget: Duration = .seconds(60), dryRun: Bool = false) async throws(StoreError)
        -> MaintenanceStats
    {
        let start = ContinuousClock.now
        var stats = MaintenanceStats()
        guard budget >= .zero else {
            throw StoreError(
                Failure(.invalidArgument, "the budget must not be negative, got \(budget)"), path: path)
        }
        let late = "the budget was spent"
        func isLate() -> Bool { !dryRun && ContinuousClock.now - start >= budget }

        try await maintainIndices(dryRun, isLate() ? late : nil, &stats)
        try await maintainFragments(dryRun, { isLate() ? late : nil }, &stats)
        if isLate() {
            stats.left[.cleanup] = late
        } else {
            do {
                stats.cleaned = try await cleanup(
                    olderThan: Self.defaultAge, keep: 1, gracePeriod: Self.defaultGracePeriod, dryRun: dryRun,
                    countsSpared: false)
            } catch let error where error.code == .unsupported || error.code == .conflict {
                stats.left[.cleanup] = error.message
            }
        }
        stats.durationSeconds = (ContinuousClock.now - start).seconds
        return stats
    }

    private func maintainIndices(_ dryRun: Bool, _ late: String?, _ stats: inout MaintenanceStats)
        async throws(StoreError)
    {
        if let late {
            stats.left[.optimize] = late
            return
        }
        let plan = try await optimizeIndices(dryRun: true)
        // Segments are merged without new rows where they are too many.
        guard plan.indices.contains(where: { $0.rowsAdded == 0 || $0.rowsAdded >= Self.tailThatPays }) else {
            if let most = plan.indices.map(\.rowsAdded).max() {
                stats.left[.optimize] = "\(most) rows are in no segment, which pays from \(Self.tailThatPays) on"
            }
            return
        }
        stats.optimized = dryRun ? plan : try await optimizeIndices()
    }

    private func maintainFragments(_ dryRun: Bool, _ late: () -> String?, _ stats: inout MaintenanceStats)
        async throws(StoreError)
    {
        while true {
            // A group at a time, so that the budget is looked at in between.
            let reason = late()
            let start = ContinuousClock.now
            var part = try await longDoor {
                try await repeating { snapshot in
                    try await compact(snapshot, targetRows: Self.targetRows, dryRun: dryRun || reason != nil) {
                        var plan = $0.paying($1)
                        if !dryRun { plan.groups = Array(plan.groups.prefix(1)) }
                        return plan
                    }
                }
            }
            guard part.fragmentsRemoved > 0 else { return }
            if let reason {
                stats.left[.compact] = reason
                return
            }
            part.durationSeconds = (ContinuousClock.now - start).seconds
            stats.compacted = stats.compacted.map { $0 + part } ?? part
            if dryRun { return }
        }
    }
}

extension CompactStats {
    fileprivate static func + (first: CompactStats, second: CompactStats) -> CompactStats {
        CompactStats(
            fragmentsRemoved: first.fragmentsRemoved.adding(clamping: second.fragmentsRemoved),
            fragmentsAdded: first.fragmentsAdded.adding(clamping: second.fragmentsAdded),
            rowsRewritten: first.rowsRewritten.adding(clamping: second.rowsRewritten),
            rowsDropped: first.rowsDropped.adding(clamping: second.rowsDropped), skipped: second.skipped,
            diskBytesAdded: first.diskBytesAdded.adding(clamping: second.diskBytesAdded),
            diskBytesReplaced: first.diskBytesReplaced.adding(clamping: second.diskBytesReplaced),
            durationSeconds: first.durationSeconds + second.durationSeconds)
    }
}
