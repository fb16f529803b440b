// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
package import LanceFile
package import LanceIndex
package import LanceTable
import Logging
import Synchronization
package import VectorMath

/// The vector index of a column as one version of the table sees it: all segments of one name, and the fragments that
/// none of them covers.
package final class VectorIndex: Sendable {
    package let name: String
    package let metric: Metric
    package let segments: [LiveSegment]
    /// Fragments whose rows must be compared one by one.
    package let tail: [FragmentReader]
    package let tailRows: Int
    let vectors: VectorCells

    init(
        name: String, metric: Metric, segments: [LiveSegment], tail: [FragmentReader], tailRows: Int,
        vectors: VectorCells
    ) {
        self.name = name
        self.metric = metric
        self.segments = segments
        self.tail = tail
        self.tailRows = tailRows
        self.vectors = vectors
    }
}

/// The index files that a table's searches have opened. They never change, so one opening is enough.
package final class VectorIndexCache: Sendable {
    private struct Opened {
        var index: IVFPQIndex
        var model: ScanModel
        var live: LiveSegment?
    }

    private struct State {
        var opened: [UUID: Opened] = [:]
        /// What the last search used; nil where it found no index.
        var current: (snapshot: Snapshot, field: TableField, index: VectorIndex?)?
        /// Segments that were found to be of no use, so that each is reported once.
        var refused: Set<UUID> = []
    }

    private let state = Mutex(State())
    private static let logger = Logger(label: "swift-lance.search")

    package init() {}

    /// The index that a search of `field` uses: the supported one that covers the most live rows, of several the
    /// newest. Nil where there is none.
    ///
    /// A segment of a kind that only its files tell to be unsupported is left out with a warning, and its fragments are
    /// compared row by row.
    package func index(of field: TableField, in snapshot: Snapshot) async throws -> VectorIndex? {
        if let known = known(field, snapshot) { return known.index }
        for entry in snapshot.indices where entry.kind == .vector && entry.fieldIDs == [field.id] {
            // What covers nothing is no index, of whatever kind.
            guard snapshot.isLive(entry), !snapshot.isUsable(entry) else { continue }
            refuse(entry, IVFPQIndex.unsupportedReason(entry) ?? "its rows have moved", snapshot)
        }
        var found: VectorIndex?
        for (name, entries) in try await snapshot.rankedIndices(.vector, on: field) {
            found = try await open(name, entries, field, snapshot)
            if found != nil { break }
        }
        state.withLock { state in
            state.current = (snapshot, field, found)
            let listed = Set(snapshot.indices.map(\.uuid))
            state.opened = state.opened.filter { listed.contains($0.key) }
            state.refused.formIntersection(listed)
        }
        return found
    }

    private func known(_ field: TableField, _ snapshot: Snapshot) -> (index: VectorIndex?, Void)? {
        state.withLock { state in
            guard let current = state.current, current.snapshot === snapshot, current.field == field else {
                return nil
            }
            return (current.index, ())
        }
    }

    private func open(_ name: String, _ entries: [IndexEntry], _ field: TableField, _ snapshot: Snapshot) async throws
        -> VectorIndex?
    {
        guard case .fixedSizeList(_, let dimension) = field.type else { return nil }
        var segments: [LiveSegment] = []
        var used: [IndexEntry] = []
        var answered: Set<UInt32> = []
        // They come newest first: where two segments cover a fragment, the newer one answers for it.
        for entry in entries {
            if let reason = IVFPQIndex.unsupportedReason(entry) {
                refuse(entry, reason, snapshot)
                continue
            }
            let opened: Opened
            do {
                opened = try await self.opened(entry, dimension, snapshot)
            } catch let failure as Failure where failure.code == .unsupported {
                refuse(entry, failure.message, snapshot)
                continue
            }
            if let first = segments.first, first.model.metric != opened.model.metric {
                refuse(
                    entry, "its metric is \(opened.model.metric.rawValue), that of others of its name is not", snapshot)
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
            name: name, metric: metric, segments: segments, tail: tail, tailRows: tailRows,
            vectors: try await VectorCells(snapshot, field, dimension: dimension))
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
        let segment = try LiveSegment(opened.index, opened.model, liveness)
        state.withLock { $0.opened[entry.uuid]?.live = segment }
        return segment
    }

    private func refuse(_ entry: IndexEntry, _ reason: String, _ snapshot: Snapshot) {
        let isNew = state.withLock { $0.refused.insert(entry.uuid).inserted }
        guard isNew else { return }
        Self.logger.warning(
            "a vector index is not used",
            metadata: [
                "table": "\(snapshot.location)", "index": "\(entry.name)", "uuid": "\(entry.uuid)",
                "reason": "\(reason)",
            ])
    }
}
