// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
package import LanceFile
import LanceIndex
package import LanceTable
import Synchronization

/// Finds rows of a table by the value of a text column: in a BTREE index where there is one, in the column itself where
/// there is none.
///
/// Keeps the index files that the newest version lists open; they never change, so one opening is enough.
package final class KeyLookup: Sendable {
    /// The index of a column as one version of the table sees it.
    final class Plan: Sendable {
        let snapshot: Snapshot
        let field: TableField
        let segments: [Segment]
        /// The fragments that no segment covers, in the table's order.
        let tail: [FragmentReader]

        init(_ snapshot: Snapshot, _ field: TableField, _ segments: [Segment], tail: [FragmentReader]) {
            self.snapshot = snapshot
            self.field = field
            self.segments = segments
            self.tail = tail
        }
    }

    struct Segment: Sendable {
        let entry: IndexEntry
        let index: BTreeIndex
        let liveness: RowLiveness
    }

    private struct State {
        var plan: Plan?
        var opened: [UUID: BTreeIndex] = [:]
    }

    private let state = Mutex(State())
    private let warnings = IndexWarnings("scalar")

    package init() {}

    /// What an index knows about a key.
    package struct Match: Sendable {
        /// The smallest address of a live row in the index that has the key.
        package var address: RowAddress?
        /// Fragments that the index says nothing about, and that may hold a smaller address.
        package var unsearched: [FragmentReader]
    }

    /// Asks the index of `field`, if there is one, for `key`.
    ///
    /// Takes some microseconds once the index is open. Only what it leaves in `unsearched` must be scanned.
    package func match(_ key: String, in snapshot: Snapshot, _ field: TableField) async throws -> Match {
        let plan = try await plan(snapshot, field)
        guard !plan.segments.isEmpty else { return Match(address: nil, unsearched: plan.tail) }
        let key = BTreeKey(key)
        var best = UInt64.max
        for segment in plan.segments {
            try await segment.index.forEachRow(of: key) { id in
                if let address = segment.liveness.address(ofRowID: id) { best = min(best, address.rawValue) }
            }
        }
        // No address is this: a fragment has fewer rows.
        guard best < UInt64.max else { return Match(address: nil, unsearched: plan.tail) }
        let address = RowAddress(rawValue: best)
        return Match(
            address: address,
            unsearched: plan.tail.isEmpty ? [] : plan.tail.filter { $0.id < address.fragment })
    }

    // MARK: Plans

    /// Whether the column has a BTREE index that a lookup of its values can use. Where the index's files are damaged or
    /// missing there is none, and a warning says so; `not_found` is thrown all the same where `isNewest` says that there
    /// is a newer version, whose writer may have removed the files.
    package func hasIndex(_ snapshot: Snapshot, _ field: TableField, isNewest: () async throws -> Bool) async throws
        -> Bool
    {
        if let known = known(snapshot, field) { return !known.segments.isEmpty }
        do {
            return try await !makePlan(snapshot, field).segments.isEmpty
        } catch let error as UnusableIndex {
            if error.failure.code == .notFound, try await !isNewest() { throw error.failure }
            warnings.report(error.entry, "\(error.failure)", snapshot)
            return false
        }
    }

    private func known(_ snapshot: Snapshot, _ field: TableField) -> Plan? {
        guard let known = state.withLock({ $0.plan }), known.snapshot === snapshot, known.field.id == field.id else {
            return nil
        }
        return known
    }

    func plan(_ snapshot: Snapshot, _ field: TableField) async throws -> Plan {
        if let known = known(snapshot, field) { return known }
        let plan: Plan
        do {
            plan = try await makePlan(snapshot, field)
        } catch let error as UnusableIndex {
            throw error.failure
        }
        let listed = Set(snapshot.indices.map(\.uuid))
        state.withLock { state in
            state.plan = plan
            state.opened = state.opened.filter { listed.contains($0.key) }
        }
        warnings.keep(listed)
        return plan
    }

    private func makePlan(_ snapshot: Snapshot, _ field: TableField) async throws -> Plan {
        warnings.reportUnusable(on: field, in: snapshot, where: { $0 != .vector })
        for (_, entries) in try await snapshot.rankedIndices(.btree, on: field) {
            var segments: [Segment] = []
            for entry in entries {
                guard let index = try await open(entry, field, snapshot) else { continue }
                let liveness = try await RowLiveness(entry, in: snapshot)
                segments.append(Segment(entry: entry, index: index, liveness: liveness))
            }
            guard !segments.isEmpty else { continue }
            let tail = snapshot.uncoveredFragments(of: segments.map(\.entry))
            return Plan(
                snapshot, field, segments, tail: tail.map { FragmentReader(snapshot: snapshot, fragment: $0) })
        }
        return Plan(snapshot, field, [], tail: snapshot.fragmentReaders)
    }

    /// Nil, and a warning, where the files are of a kind that this package does not read.
    private func open(_ entry: IndexEntry, _ field: TableField, _ snapshot: Snapshot) async throws -> BTreeIndex? {
        if let known = state.withLock({ $0.opened[entry.uuid] }) { return known }
        do {
            let index = try await BTreeIndex.open(IndexDirectory(entry.uuid), in: snapshot.storage)
            guard index.type == field.type || index.type.isText && field.type.isText else {
                throw Failure(
                    .corrupt, "index '\(entry.name)' holds \(index.type) values, column '\(field.name)' \(field.type)",
                    path: snapshot.location)
            }
            return state.withLock { state in
                // Another task may have been faster; then the first stays.
                if let known = state.opened[entry.uuid] { return known }
                state.opened[entry.uuid] = index
                return index
            }
        } catch let failure as Failure where failure.code == .unsupported {
            warnings.report(entry, "\(failure)", snapshot)
            return nil
        } catch let failure as Failure {
            throw UnusableIndex(entry, failure) ?? failure
        }
    }
}
