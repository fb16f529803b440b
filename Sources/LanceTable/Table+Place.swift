// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage

extension Table {
    private static let directories: Set<String> = [
        "data", "_versions", "_transactions", "_deletions", "_indices", "_refs", "tree", "_mem_wal",
    ]

    /// Throws `invalid_argument` where a new table would be put among files that are not a Lance table's.
    ///
    /// An empty directory is fine, and so is what a first migration left that did not come to its commit.
    package func checkPlace() async throws {
        for entry in try await storage.walk() {
            let parts = entry.key.components
            let isOurs =
                parts.count > 1 && Self.directories.contains(parts[0])
                && (parts[0] != "data" || parts[parts.count - 1].hasSuffix(".lance")
                    || parts[parts.count - 1].hasPrefix(".tmp"))
            guard isOurs || parts[parts.count - 1].hasPrefix(".") else {
                throw Failure(
                    .invalidArgument,
                    "this is not a Lance table: it holds '\(entry.key)'; choose a path that is empty or does not exist yet",
                    path: storage.location)
            }
        }
    }
}
