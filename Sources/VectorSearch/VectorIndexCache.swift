// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
package import LanceFile
import LanceIndex
package import LanceTable
import Synchronization
package import VectorMath

/// The index files that a table's searches have opened. They never change, so one opening is enough.
package final class VectorIndexCache: Sendable {
    private struct Opened {
        var index: IVFPQIndex
        var model: ScanModel
        var live: LiveSegment?
    }

    private struct State {
        var opened: [UUID: Opened] = [:]
        /// What the last search used.
        var current: (snapshot: Snapshot, field: TableField, found: Found)?
    }

    /// How a column is searched.
    package struct Found: Sendable {
        /// Nil where every row is compared.
        package let index: VectorIndex?
        package let metric: Metric
    }

    private let state = Mutex(State())
    private let warnings = IndexWarnings("vector")

    package init() {}

    /// The index that a search of `field` uses: the supported one that covers the most live rows, of several the
    /// newest. Where the rows of all of them are gone, the newest one's metric stays that of the column; where there never
    /// was one, it is the cosine.
    ///
    /// A segment of a kind that this package does not read is left out with a warning, and its fragments are compared
    /// row by row. Throws `corrupt` or `not_found`, with the index's name and what to do, where the index's files are
    /// damaged or missing.
    package func index(of field: TableField, in snapshot: Snapshot) async throws -> Found {
        do {
            return try await find(field, snapshot)
        } catch let error as UnusableIndex {
            throw error.failure
        }
    }

    /// Whether `index(of:in:)` gives an index. Where it throws because the index's files are damaged or missing there is
    /// none, and a warning says so; `not_found` is thrown all the same where `isNewest` says that there is a newer
    /// version, whose writer may have removed the files.
    package func hasIndex(of field: TableField, in snapshot: Snapshot, isNewest: () async throws -> Bool) async throws
        -> Bool
    {
        do {
            return try await find(field, snapshot).index != nil
        } catch let error as UnusableIndex {
            if error.failure.code == .notFound, try await !isNewest() { throw error.failure }
            warnings.report(error.entry, "\(error.failure)", snapshot)
            return false
        }
    }

    /// What the last search of this version and column found; nil where there was none.
    package func known(_ field: TableField, _ snapshot: Snapshot) -> Found? {
        state.withLock { state in
            guard let current = state.current, current.snapshot === snapshot, current.field == field else {
                return nil
            }
            return current.found
        }
    }

    private func find(_ field: TableField, _ snapshot: Snapshot) async throws -> Found {
        if let known = known(field, snapshot) { return known }
        warnings.reportUnusable(
            on: field, in: snapshot, where: { $0 == .vector }, reason: IVFPQIndex.unsupportedReason)
        var refused: Set<UUID> = []
        var index: VectorIndex?
        // Some kinds are told apart by their files only; then the order is another without them.
        while index == nil {
            let ranked = try await snapshot.rankedIndices(.vector, on: field) {
                IVFPQIndex.unsupportedReason($0) == nil && !refused.contains($0.uuid)
            }
            guard let best = ranked.first else { break }
            let before = refused.count
            index = try await open(best.name, best.segments, field, snapshot, &refused)
            if refused.count > before, ranked.count > 1 { index = nil }
        }
        let metric = if let index { index.metric } else { try await formerMetric(of: field, in: snapshot, refused) }
        let found = Found(index: index, metric: metric ?? .cosine)
        state.withLock { state in
            state.current = (snapshot, field, found)
            let listed = Set(snapshot.indices.map(\.uuid))
            state.opened = state.opened.filter { listed.contains($0.key) }
            warnings.keep(listed)
        }
        return found
    }

    /// The metric of the newest index none of whose rows is left: who replaces all rows of a table does not mean to compare
    /// them otherwise from then on. Nil where there is no such index.
    private func formerMetric(of field: TableField, in snapshot: Snapshot, _ refused: Set<UUID>) async throws -> Metric?
    {
        guard case .fixedSizeList(_, let dimension) = field.type else { return nil }
        for entry in snapshot.indices.newestFirst
        where entry.kind == .vector && entry.fieldIDs == [field.id] && !snapshot.isLive(entry)
            && !refused.contains(entry.uuid) && snapshot.unusableReason(entry) == nil
            && IVFPQIndex.unsupportedReason(entry) == nil
        {
            do {
                return try await opened(entry, dimension, snapshot).model.metric
            } catch let failure as Failure where failure.code == .unsupported {
                continue
            } catch let failure as Failure {
                throw UnusableIndex(entry, failure) ?? failure
            }
        }
        return nil
    }

    /// - Parameter refused: receives the segments that are of no use.
    private func open(
        _ name: String, _ entries: [IndexEntry], _ field: TableField, _ snapshot: Snapshot, _ refused: inout Set<UUID>
    ) async throws -> VectorIndex? {
        guard case .fixedSizeList(_, let dimension) = field.type else {
            refused.formUnion(entries.map(\.uuid))
            return nil
        }
        var segments: [LiveSegment] = []
        var used: [IndexEntry] = []
        var answered: Set<UInt32> = []
        // They come newest first: where two segments cover a fragment, the newer one answers for it.
        for entry in entries {
            let opened: Opened
            do {
                opened = try await self.opened(entry, dimension, snapshot)
            } catch let failure as Failure where failure.code == .unsupported {
                refuse(entry, failure.message, snapshot, &refused)
                continue
            } catch let failure as Failure {
                throw UnusableIndex(entry, failure) ?? failure
            }
            if let first = segments.first, first.model.metric != opened.model.metric {
                refuse(
                    entry, "its metric is \(opened.model.metric.rawValue), that of others of its name is not", snapshot,
                    &refused)
                continue
            }
            let liveness = try await RowLiveness(entry, in: snapshot, leavingOut: answered)
            answered.formUnion(liveness.fragmentIDs)
            segments.append(try live(opened, entry, liveness))
            used.append(entry)
        }
        guard let metric = segments.first?.model.metric else { return nil }
        var tail: [FragmentReader] = []
        var tailRows = 0
        for fragment in snapshot.uncoveredFragments(of: used) {
            let reader = FragmentReader(snapshot: snapshot, fragment: fragment)
            tail.append(reader)
            tailRows += try await reader.liveRows()
        }
        return VectorIndex(
            name: name, metric: metric, segments: segments, tail: tail, tailRows: tailRows, snapshot: snapshot,
            field: field, dimension: dimension)
    }

    private func refuse(_ entry: IndexEntry, _ reason: String, _ snapshot: Snapshot, _ refused: inout Set<UUID>) {
        refused.insert(entry.uuid)
        warnings.report(entry, reason, snapshot)
    }

    private func opened(_ entry: IndexEntry, _ dimension: Int, _ snapshot: Snapshot) async throws -> Opened {
        if let known = state.withLock({ $0.opened[entry.uuid] }) { return known }
        let index = try await IVFPQIndex.open(entry.uuid, dimension: dimension, in: snapshot.storage)
        let opened = Opened(index: index, model: ScanModel(index))
        return state.withLock { state in
            // Another task may have been faster; then the first stays.
            if let known = state.opened[entry.uuid] { return known }
            state.opened[entry.uuid] = opened
            return opened
        }
    }

    /// The segment with the rows that count in this version; the one of the last version where nothing has changed.
    private func live(_ opened: Opened, _ entry: IndexEntry, _ liveness: RowLiveness) throws -> LiveSegment {
        if let known = state.withLock({ $0.opened[entry.uuid]?.live }), known.liveness.key == liveness.key,
            known.index === opened.index
        {
            return known
        }
        let segment: LiveSegment
        do {
            segment = try LiveSegment(opened.index, opened.model, liveness)
        } catch let failure as Failure {
            throw UnusableIndex(entry, failure) ?? failure
        }
        state.withLock { $0.opened[entry.uuid]?.live = segment }
        return segment
    }
}
