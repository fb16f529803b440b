// SPDX-License-Identifier: Apache-2.0
package import LanceProto

/// Rows that a commit takes away: the fragments that lose some or all of them.
///
/// Files never change: a fragment gets a new deletion file that names its old deleted rows and the new ones.
package struct RowDeletion: Sendable {
    package struct Part: Sendable {
        /// The fragment as it was when the rows were chosen. A commit in between that changed it is a conflict.
        package var before: ProtoDataFragment
        /// Nil where no row is left, and the fragment goes.
        package var deletionFile: ProtoDeletionFile?

        package init(before: ProtoDataFragment, deletionFile: ProtoDeletionFile?) {
            self.before = before
            self.deletionFile = deletionFile
        }

        package var after: ProtoDataFragment? {
            deletionFile.map { file in
                var fragment = before
                fragment.deletionFile = file
                return fragment
            }
        }
    }

    package var parts: [Part]
    /// Rows that go.
    package var rowCount: Int
    /// What was asked for, in words of SQL, for people who read the table's history.
    package var predicate: String

    package init(parts: [Part] = [], rowCount: Int = 0, predicate: String = "") {
        self.parts = parts
        self.rowCount = rowCount
        self.predicate = predicate
    }

    var updated: [ProtoDataFragment] { parts.compactMap(\.after) }
    package var removedIDs: [UInt64] { parts.filter { $0.deletionFile == nil }.map(\.before.id) }
}
