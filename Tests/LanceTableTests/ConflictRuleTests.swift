// SPDX-License-Identifier: Apache-2.0
import LanceTable
import Testing

/// Every pair of operations, against the matrix as a person would write it.
struct ConflictRuleTests {
    private static let columns: [Operation.Kind] = [
        .append, .delete, .update, .createIndex, .rewrite, .dataReplacement, .reserveFragments, .updateConfig,
        .overwrite, .restore, .merge, .project, .clone, .updateBases, .updateMemWalState, .unknown,
    ]

    /// y: rebase, C: conflict, X: incompatible, f: fragments, c: coverage, n: names.
    private static let rows: [(Operation.Kind, String)] = [
        (.append, "yyyyyyyyXXCCCCCC"),
        (.delete, "yffyffyyXXCCCCCC"),
        (.update, "CfCyfCyyXXCCCCCC"),
        (.createIndex, "yyyncCyyXXCCCCCC"),
        (.rewrite, "yffcffyyXXCCCCCC"),
        (.reserveFragments, "yyyyyyyyXXyyyyyy"),
        (.overwrite, "yyyyyyyyCCCCCCCC"),
        (.restore, "yyyyyyyyyyyyyyyy"),
    ]

    @Test func everyPair() {
        #expect(Set(Self.columns).count == Operation.Kind.allCases.count)
        let known = Dictionary(uniqueKeysWithValues: Self.rows)
        for mine in Operation.Kind.allCases {
            for (number, theirs) in Self.columns.enumerated() {
                // What this package does not commit has nothing to rebase.
                let letter: Character =
                    known[mine].map { $0[$0.index($0.startIndex, offsetBy: number)] }
                    ?? (theirs == .overwrite || theirs == .restore ? "X" : "C")
                #expect(Self.letter(ConflictRules.rule(mine, after: theirs)) == letter, "\(mine) after \(theirs)")
            }
        }
    }

    private static func letter(_ rule: ConflictRules.Rule) -> Character {
        switch rule {
        case .rebase: "y"
        case .conflict: "C"
        case .incompatible: "X"
        case .unlessFragmentsShared: "f"
        case .unlessCoverageShared: "c"
        case .unlessNamesShared: "n"
        }
    }

    @Test func whatIsShared() {
        func change(
            _ kind: Operation.Kind, _ fragments: Set<UInt64>? = [], covering: Set<UInt64>? = [],
            _ names: Set<String> = []
        ) -> Change {
            var change = Change(kind)
            change.fragments = fragments
            change.covered = covering
            change.indexNames = names
            return change
        }
        func verdict(_ mine: Change, _ theirs: Change) -> ConflictRules.Verdict {
            ConflictRules.verdict(mine, after: theirs)
        }
        #expect(verdict(change(.delete, [1, 2]), change(.delete, [3])) == .rebase)
        #expect(verdict(change(.delete, [1, 2]), change(.update, [2, 3])) == .conflict)
        #expect(
            verdict(change(.delete, [1]), change(.dataReplacement, nil)) == .conflict, "what is not known is shared")
        #expect(verdict(change(.rewrite, [1]), change(.createIndex, [], covering: [0, 1])) == .conflict)
        #expect(verdict(change(.rewrite, [1]), change(.createIndex, [], covering: [0, 2])) == .rebase)
        #expect(verdict(change(.rewrite, [1]), change(.createIndex, [], covering: nil)) == .conflict)
        #expect(verdict(change(.createIndex, covering: [4]), change(.rewrite, [4])) == .conflict)
        #expect(verdict(change(.createIndex, covering: [4]), change(.rewrite, [5])) == .rebase)
        #expect(verdict(change(.createIndex, [], ["a"]), change(.createIndex, [], ["b"])) == .rebase)
        #expect(verdict(change(.createIndex, [], ["a", "b"]), change(.createIndex, [], ["b"])) == .conflict)
        #expect(verdict(change(.update, [1]), change(.append)) == .conflict, "new rows may have the same ids")
    }
}
