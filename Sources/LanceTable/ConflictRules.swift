// SPDX-License-Identifier: Apache-2.0
package import LanceProto

/// Whether an operation that was prepared on an older version may still be committed after what others committed
/// since (format reference: conflict matrix).
///
/// Pure. It is narrower than the official library's: what is not known to be safe is a conflict, which costs a repetition
/// and never a row.
///
/// | mine \ theirs | append | delete | update | create index | rewrite | data replacement | reserve, config | overwrite, restore | other |
/// |---|---|---|---|---|---|---|---|---|---|
/// | append | ok | ok | ok | ok | ok | ok | ok | X | C |
/// | delete | ok | f | f | ok | f | f | ok | X | C |
/// | update | C | f | C | ok | f | C | ok | X | C |
/// | create index | ok | ok | ok | n | c | C | ok | X | C |
/// | rewrite | ok | f | f | c | f | f | ok | X | C |
/// | reserve fragments | ok | ok | ok | ok | ok | ok | ok | X | ok |
/// | overwrite | ok | ok | ok | ok | ok | ok | ok | C | C |
/// | restore | ok with all |
///
/// ok: rebase. C: conflict. X: incompatible. f: conflict if a fragment is concerned by both. c: conflict if the index covers
/// a rewritten fragment. n: conflict if both concern an index of one name.
package enum ConflictRules {
    package enum Verdict: Sendable, Equatable {
        /// Build the new manifest from the newest one and try again.
        case rebase
        /// Give up; the caller may prepare the operation anew on the newest version.
        case conflict
        /// Give up; the table does not hold any more what the operation was about.
        case incompatible
    }

    /// An entry of the table.
    package enum Rule: Sendable {
        case rebase, conflict, incompatible
        case unlessFragmentsShared, unlessCoverageShared, unlessNamesShared
    }

    package static func verdict(_ mine: Change, after theirs: Change) -> Verdict {
        switch rule(mine.kind, after: theirs.kind) {
        case .rebase: .rebase
        case .conflict: .conflict
        case .incompatible: .incompatible
        case .unlessFragmentsShared: areDisjoint(mine.fragments, theirs.fragments) ? .rebase : .conflict
        case .unlessCoverageShared:
            areDisjoint(mine.covered, theirs.fragments) && areDisjoint(mine.fragments, theirs.covered)
                ? .rebase : .conflict
        case .unlessNamesShared: mine.indexNames.isDisjoint(with: theirs.indexNames) ? .rebase : .conflict
        }
    }

    package static func rule(_ mine: Operation.Kind, after theirs: Operation.Kind) -> Rule {
        switch (mine, theirs) {
        // The old contents come back, whatever was there.
        case (.restore, _): .rebase
        // New fragments are replaced like the rest; who replaced all of it first is not overruled unseen.
        case (.overwrite, .overwrite), (.overwrite, .restore): .conflict
        case (_, .overwrite), (_, .restore): .incompatible
        // Ids alone: the operation that uses them is judged for itself.
        case (.reserveFragments, _): .rebase
        case (_, .reserveFragments), (_, .updateConfig): isKnown(mine) ? .rebase : .conflict
        case (.overwrite, .append), (.overwrite, .delete), (.overwrite, .update), (.overwrite, .createIndex),
            (.overwrite, .rewrite), (.overwrite, .dataReplacement):
            .rebase
        // New fragments touch nothing that is there.
        case (.append, .append), (.append, .delete), (.append, .update), (.append, .createIndex), (.append, .rewrite),
            (.append, .dataReplacement):
            .rebase
        // Rows that came later were not meant.
        case (.delete, .append), (.delete, .createIndex): .rebase
        case (.delete, .delete), (.delete, .update), (.delete, .rewrite), (.delete, .dataReplacement):
            .unlessFragmentsShared
        // Rows that came later may have the same ids: without another look there would be two of each.
        case (.update, .append), (.update, .update), (.update, .dataReplacement): .conflict
        case (.update, .createIndex): .rebase
        case (.update, .delete), (.update, .rewrite): .unlessFragmentsShared
        // A deleted row is passed over when the index is read. An update deletes rows and adds fragments; whether it
        // left the fragments' own files alone is seen in `continues`.
        case (.createIndex, .append), (.createIndex, .delete), (.createIndex, .update): .rebase
        case (.createIndex, .createIndex): .unlessNamesShared
        case (.createIndex, .rewrite), (.rewrite, .createIndex): .unlessCoverageShared
        case (.rewrite, .append): .rebase
        case (.rewrite, .delete), (.rewrite, .update), (.rewrite, .rewrite), (.rewrite, .dataReplacement):
            .unlessFragmentsShared
        default: .conflict
        }
    }

    /// The operations that this package commits.
    private static func isKnown(_ kind: Operation.Kind) -> Bool {
        switch kind {
        case .append, .delete, .update, .overwrite, .createIndex, .rewrite, .restore, .reserveFragments: true
        default: false
        }
    }

    /// What is not known may be anything.
    private static func areDisjoint(_ a: Set<UInt64>?, _ b: Set<UInt64>?) -> Bool {
        guard let a, let b else { return false }
        return a.isDisjoint(with: b)
    }

    /// Whether `newest` can be the table that `base` was: the same columns and the same file version, and where not
    /// every version between the two was judged, nothing of what the operation concerns has changed either.
    ///
    /// The transactions between the two say so as well, but only those that are still there.
    ///
    /// - Parameter isJudged: every version since `base` is known.
    static func continues(_ newest: Manifest, _ base: Manifest, for mine: Change, isJudged: Bool) -> Bool {
        if mine.kind == .restore { return isJudged }
        let (now, before) = (newest.proto, base.proto)
        guard now.fields.areSameColumns(as: before.fields), now.dataFormat.version == before.dataFormat.version else {
            return false
        }
        // The same number twice: the table was removed and made again.
        guard now.version != before.version || now.transactionFile == before.transactionFile else { return false }
        switch mine.kind {
        case .createIndex:
            func named(_ manifest: Manifest) -> [ProtoIndexMetadata] {
                manifest.indices.filter { mine.indexNames.contains($0.name) }
            }
            return keepsFiles(now.fragments, before.fragments) && (isJudged || named(newest) == named(base))
        // Rows that nobody saw coming may have the same ids.
        case .update: return isJudged || now.fragments == before.fragments
        default: return isJudged || now.fragments.starts(with: before.fragments)
        }
    }

    /// Whether the fragments of `base` that are left have the rows and files they had, whatever was deleted of them, and
    /// some are left.
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

extension [ProtoField] {
    /// Whether these are the same columns, whatever notes somebody has made on them.
    package func areSameColumns(as others: [ProtoField]) -> Bool {
        func plain(_ field: ProtoField) -> ProtoField {
            var field = field
            field.metadata = [:]
            return field
        }
        return count == others.count && zip(self, others).allSatisfy { plain($0) == plain($1) }
    }
}
