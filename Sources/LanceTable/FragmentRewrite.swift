// SPDX-License-Identifier: Apache-2.0
package import LanceProto

/// Fragments that were written again as others with the same rows, less the deleted ones, and the indices that followed.
package struct FragmentRewrite: Sendable {
    package struct Group: Sendable {
        /// As they were when they were read. A commit in between that changed one is a conflict.
        package var old: [ProtoDataFragment]
        /// The deleted rows of each.
        package var deletions: [DeletionVector?]
        /// With ids that were reserved.
        package var new: [ProtoDataFragment]

        package init(old: [ProtoDataFragment], deletions: [DeletionVector?], new: [ProtoDataFragment]) {
            self.old = old
            self.deletions = deletions
            self.new = new
        }
    }

    /// An index entry before and after: with other files, or only with another coverage.
    package struct Reindexed: Sendable {
        package var old: ProtoIndexMetadata
        package var new: ProtoIndexMetadata

        package init(old: ProtoIndexMetadata, new: ProtoIndexMetadata) {
            self.old = old
            self.new = new
        }
    }

    package var groups: [Group]
    package var indices: [Reindexed]

    package init(groups: [Group], indices: [Reindexed]) {
        self.groups = groups
        self.indices = indices
    }
}
