// SPDX-License-Identifier: Apache-2.0

/// Where rows are after their fragments were written again.
package struct RowMoves: Sendable {
    private struct Origin: Sendable {
        var deletions: DeletionVector?
        var rows: Int
        /// The place of its first live row among the rows of the group.
        var first: Int
        var group: Int
    }

    private var origins: [UInt32: Origin] = [:]
    /// The new fragments of each group, with the place of their first row, ascending.
    private var targets: [[(first: Int, id: UInt32)]] = []

    package init() {}

    /// Adds a group: the live rows of the old fragments, in this order, are the rows of the new ones.
    package mutating func add(
        _ old: [(id: UInt32, rows: Int, deletions: DeletionVector?)], to new: [(id: UInt32, rows: Int)]
    ) {
        var first = 0
        for fragment in old {
            origins[fragment.id] = Origin(
                deletions: fragment.deletions, rows: fragment.rows, first: first, group: targets.count)
            first += fragment.rows - (fragment.deletions?.count ?? 0)
        }
        var target: [(Int, UInt32)] = []
        first = 0
        for fragment in new {
            target.append((first, fragment.id))
            first += fragment.rows
        }
        targets.append(target)
    }

    package func moves(_ fragment: UInt32) -> Bool { origins[fragment] != nil }

    /// Where a row is now: nil where it was deleted, itself where its fragment stays.
    package func address(of old: RowAddress) -> RowAddress? {
        guard let origin = origins[old.fragment] else { return old }
        guard Int(old.offset) < origin.rows else { return nil }
        let before = origin.deletions?.count(before: old.offset) ?? 0
        if origin.deletions?.contains(old.offset) == true { return nil }
        let place = origin.first + Int(old.offset) - before
        let target = targets[origin.group]
        var low = 0
        var high = target.count
        while low < high {
            let middle = (low + high) / 2
            if target[middle].first <= place { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        return RowAddress(
            fragment: target[low - 1].id, offset: UInt32(truncatingIfNeeded: place - target[low - 1].first))
    }
}
