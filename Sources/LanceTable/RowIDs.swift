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
            var start = 0
            for deleted in deletions?.slice(0..<rows) ?? [] {
                append(ids.runs(in: start..<Int(deleted)), of: fragment)
                start = Int(deleted) + 1
            }
            append(ids.runs(in: start..<rows), of: fragment)
        }
        runs.sort { $0.firstID < $1.firstID }
        for (before, after) in zip(runs, runs.dropFirst()) where after.firstID - before.firstID < before.count {
            throw Failure(.corrupt, "two rows have the id \(after.firstID)", path: path)
        }
    }

    private mutating func append(_ runs: [FragmentRowIDs.Run], of fragment: Fragment) {
        for run in runs {
            let address = RowAddress(fragment: fragment.id, offset: UInt32(truncatingIfNeeded: run.offset))
            self.runs.append(Run(firstID: run.firstID, count: UInt64(run.count), firstAddress: address.rawValue))
        }
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
