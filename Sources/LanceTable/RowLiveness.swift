// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile

/// Which rows of an index segment count in one version of a table: those whose fragment the segment covers and the
/// version still has, and that are not deleted.
package struct RowLiveness: Sendable {
    /// The covered fragments that the version has, ascending, each with its deleted rows.
    private let fragments: [(id: UInt32, deletions: DeletionVector?)]
    /// Equal keys mean equal liveness: fragments and deletion files never change.
    package let key: [String]
    /// Nil where an index holds addresses.
    private let rowIDs: RowIDs?

    /// - Parameter leavingOut: fragments that another segment of the same index answers for.
    package init(_ index: IndexEntry, in snapshot: Snapshot, leavingOut others: Set<UInt32> = []) async throws {
        var fragments: [(fragment: Fragment, rows: Int, deletions: DeletionVector?)] = []
        var key: [String] = []
        for reader in snapshot.fragmentReaders
        where index.coveredFragments.contains(reader.id) && !others.contains(reader.id) {
            let deletions = try await reader.deletions()
            fragments.append((reader.fragment, try await reader.physicalRows(), deletions))
            key.append("\(reader.id) \(deletions == nil ? "" : reader.fragment.deletionFilePath)")
        }
        self.fragments = fragments.map { ($0.fragment.id, $0.deletions) }
        self.key = key
        rowIDs = try snapshot.holdsRowIDs(index) ? RowIDs(fragments, path: snapshot.location) : nil
    }

    /// Whether an index holds something else than addresses.
    package var translates: Bool { rowIDs != nil }

    /// The address of a row that an index speaks of; nil where it does not count.
    package func address(ofRowID id: UInt64) -> RowAddress? {
        guard let address = rowIDs.map({ $0.address(of: id) }) ?? id else { return nil }
        return isLive(RowAddress(rawValue: address)) ? RowAddress(rawValue: address) : nil
    }

    /// The fragments whose rows count.
    package var fragmentIDs: [UInt32] { fragments.map(\.id) }

    /// Whether the row at `address` counts, if there is one: an index that speaks of rows past a fragment's last is found
    /// out when they are read. Fastest when asked for rows of one fragment after another.
    package func isLive(_ address: RowAddress) -> Bool {
        var low = 0
        var high = fragments.count
        while low < high {
            let middle = (low + high) / 2
            if fragments[middle].id < address.fragment { low = middle + 1 } else { high = middle }
        }
        guard low < fragments.count, fragments[low].id == address.fragment else { return false }
        return fragments[low].deletions?.contains(address.offset) != true
    }
}
