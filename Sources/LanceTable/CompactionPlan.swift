// SPDX-License-Identifier: Apache-2.0

/// Which fragments to write together as one: pure.
///
/// Neighbours go together that are covered by the same indices: a fragment is covered as a whole or not at all. One that is
/// large enough stays, unless a tenth of its rows are deleted.
package struct CompactionPlan: Sendable, Equatable {
    /// What is known of a fragment, in the table's order.
    package struct Candidate: Sendable, Equatable {
        package var id: UInt32
        package var rows: Int
        package var deleted: Int
        /// The numbers of the indices that cover it.
        package var coverage: Set<Int>
        /// Covered by an index that cannot follow.
        package var isFixed: Bool

        package init(id: UInt32, rows: Int, deleted: Int, coverage: Set<Int>, isFixed: Bool = false) {
            self.id = id
            self.rows = rows
            self.deleted = deleted
            self.coverage = coverage
            self.isFixed = isFixed
        }

        var live: Int { rows - deleted }
    }

    /// As the official library has it.
    static let deletedPart = 0.1

    /// Fragments that become one, or as many as `target` rows each make.
    package var groups: [[UInt32]] = []

    /// - Parameter target: rows of a fragment that is large enough.
    package init(_ fragments: [Candidate], target: Int) {
        var group: [Candidate] = []
        func end() {
            // A single one gains only by losing its deleted rows.
            if group.count > 1 || group.contains(where: { Self.isHollow($0) }) { groups.append(group.map(\.id)) }
            group = []
        }
        for fragment in fragments {
            let isSmall = fragment.live < max(target / 2, 1)
            guard !fragment.isFixed, isSmall || Self.isHollow(fragment) else {
                end()
                continue
            }
            if let last = group.last, last.coverage != fragment.coverage { end() }
            if !group.isEmpty, group.reduce(0, { $0 + $1.live }) + fragment.live > target { end() }
            group.append(fragment)
        }
        end()
    }

    /// The groups that are worth what they cost now: those of four fragments or more, and those that lose deleted rows.
    ///
    /// A fragment that has more than half of a group's rows stays out of it, unless it loses deleted rows itself. So a row is
    /// written again when its fragment at least doubles, which is as many times as the table doubles.
    package func paying(_ fragments: [Candidate]) -> CompactionPlan {
        let known = Dictionary(fragments.map { ($0.id, $0) }) { first, _ in first }
        var plan = CompactionPlan()
        for group in groups { plan.groups += Self.worthwhile(group.compactMap { known[$0] }[...]) }
        return plan
    }

    private init() {}

    private static let fewest = 4

    private static func worthwhile(_ group: ArraySlice<Candidate>) -> [[UInt32]] {
        let rows = group.reduce(0) { $0 + $1.live }
        if let large = group.firstIndex(where: { $0.live > rows / 2 && !isHollow($0) }) {
            return worthwhile(group[..<large]) + worthwhile(group[(large + 1)...])
        }
        guard group.count >= fewest || group.contains(where: isHollow) else { return [] }
        return [group.map(\.id)]
    }

    private static func isHollow(_ fragment: Candidate) -> Bool {
        fragment.deleted > 0 && Double(fragment.deleted) >= deletedPart * Double(fragment.rows)
    }
}
