// SPDX-License-Identifier: Apache-2.0

import LanceProto

/// Whether an operation that was prepared on an older version may still be committed after what others committed
/// since (format reference: conflict matrix).
///
/// A pure table. It is narrower than the official library's: what is not known to be safe is a conflict, which costs a
/// repetition and never a row.
package enum ConflictRules {
    package enum Verdict: Sendable, Equatable {
        /// Build the new manifest from the newest one and try again.
        case rebase
        /// Give up; the caller may prepare the operation anew on the newest version.
        case conflict
    }

    package static func verdict(_ mine: Operation.Kind, after theirs: Operation.Kind) -> Verdict {
        switch (mine, theirs) {
        // New fragments touch nothing that is there: an append stays itself, a new index does not cover them,
        // and an overwrite replaces them like the rest.
        case (.append, .append), (.createIndex, .append), (.overwrite, .append): .rebase
        // An index over the rows that were there does not change what an append adds.
        case (.append, .createIndex): .rebase
        // A deleted row is passed over when the index is read. An update deletes rows and adds fragments; whether it
        // left the fragments' own files alone is seen in `continues`.
        case (.createIndex, .delete), (.createIndex, .update): .rebase
        default: .conflict
        }
    }

    /// Whether `newest` still is the table that `base` was: the same columns, the same file version, and all of base's
    /// fragments as they were, with others only after them.
    ///
    /// For an index fragments may be gone and rows deleted, so long as what is left has its files and something is
    /// left.
    ///
    /// The transactions between the two say so as well, but only those that are still there.
    static func continues(_ newest: ProtoManifest, _ base: ProtoManifest, for mine: Operation.Kind) -> Bool {
        guard newest.fields == base.fields, newest.dataFormat.version == base.dataFormat.version,
            mine == .createIndex
                ? keepsFiles(newest.fragments, base.fragments) : newest.fragments.starts(with: base.fragments)
        else { return false }
        // The same number twice: the table was removed and made again.
        return newest.version != base.version || newest.transactionFile == base.transactionFile
    }

    /// Whether the fragments of `base` that are left have the rows and files they had, whatever was deleted of them.
    private static func keepsFiles(_ newest: [ProtoDataFragment], _ base: [ProtoDataFragment]) -> Bool {
        let known = Dictionary(base.map { ($0.id, $0) }) { first, _ in first }
        var kept = 0
        for var fragment in newest {
            guard var before = known[fragment.id] else { continue }
            fragment.clearDeletionFile()
            before.clearDeletionFile()
            guard fragment == before else { return false }
            kept += 1
        }
        return kept > 0 || base.isEmpty
    }
}
