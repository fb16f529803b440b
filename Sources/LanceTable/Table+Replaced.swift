// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Logging
import ObjectStorage

extension Table {
    /// Removes what only the versions before `current` used: their manifests, then their data, deletion, index and
    /// transaction files.
    ///
    /// A version with a tag stays with all it needs, and nothing is removed from a table that has branches or detached
    /// versions, which build on this one's files. Files that no manifest names are left alone: they may belong to a commit
    /// that is under way. Readers of an old version that have its files open keep them; a failure to remove is logged
    /// and harmless.
    package func removeReplaced(before current: Snapshot) async {
        do {
            let policy = CleanupPolicy(
                replacedBefore: .infinity, keep: 1, unnamedBefore: nil, below: current.version)
            _ = try await Cleaner(self, policy).run()
        } catch {
            Self.logger.warning(
                "replaced files of a table could not all be removed; they are unused",
                metadata: ["table": "\(storage.location)", "error": "\(error)"])
        }
    }
}
