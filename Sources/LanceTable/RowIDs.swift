// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Where the rows with stable ids are: in tables whose rows keep their ids when they move, indices hold ids instead of
/// addresses (format reference: stable row ids).
struct RowIDs: Sendable {
    private struct Run {
        var firstID: UInt64
        var count: UInt64
        var firstAddress: UInt64
    }

    private var runs: [Run] = []

    /// The ids of the fragments' live rows. Where a row was updated, the deleted one has the id of the one that replaced
    /// it.
    init(_ fragments: [(fragment: Fragment, rows: Int, deletions: DeletionVector?)], path: String) throws {
        for (fragment, rows, deletions) in fragments {
            let ids = try FragmentRowIDs(fragment, rows: rows, path: path)
            // Runs and deleted rows side by side: there may be very many of both.
            var deleted = (deletions?.slice(0..<rows) ?? [])[...]
            for run in ids.runs {
                var start = run.offset
                let end = run.offset + run.count
                while let next = deleted.first.map(Int.init), next < end {
                    append(run, start..<next, of: fragment)
                    start = next + 1
                    deleted = deleted.dropFirst()
                }
                append(run, start..<end, of: fragment)
            }
        }
        runs.sort { $0.firstID < $1.firstID }
        for (before, after) in zip(runs, runs.dropFirst()) where after.firstID - before.firstID < before.count {
            throw Failure(.corrupt, "two rows have the id \(after.firstID)", path: path)
        }
    }

    /// Adds some rows of a run.
    private mutating func append(_ run: FragmentRowIDs.Run, _ rows: Range<Int>, of fragment: Fragment) {
        guard !rows.isEmpty else { return }
        let address = RowAddress(fragment: fragment.id, offset: UInt32(truncatingIfNeeded: rows.lowerBound))
        runs.append(
            Run(
                firstID: run.firstID + UInt64(rows.lowerBound - run.offset), count: UInt64(rows.count),
                firstAddress: address.rawValue))
    }

    /// The address of the live row with an id; nil where no row has it.
    func address(of id: UInt64) -> UInt64? {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].firstID <= id { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let run = runs[low - 1]
        return id - run.firstID < run.count ? run.firstAddress + (id - run.firstID) : nil
    }
}
