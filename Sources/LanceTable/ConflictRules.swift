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
        default: .conflict
        }
    }

    /// Whether `newest` is `base` and, after it, nothing but more fragments: the same columns, the same file version, and
    /// all of base's fragments as they were.
    ///
    /// The transactions between the two say so as well, but only those that are still there.
    static func continues(_ newest: ProtoManifest, _ base: ProtoManifest) -> Bool {
        guard newest.fields == base.fields, newest.dataFormat.version == base.dataFormat.version,
            newest.fragments.starts(with: base.fragments)
        else { return false }
        // The same number twice: the table was removed and made again.
        return newest.version != base.version || newest.transactionFile == base.transactionFile
    }
}
