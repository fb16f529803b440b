// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage

extension Table {
    /// The directories of a Lance table, each with the endings of the files in it; nil allows any.
    private static let layout: [String: [String]?] = [
        "data": [".lance"], "_versions": [".manifest", "latest_version_hint.json"], "_transactions": [".txn"],
        "_deletions": [".bin", ".arrow"], "_indices": nil, "_refs": nil, "tree": nil, "_mem_wal": nil,
    ]
    /// How names of files that a writer did not live to finish begin, ours and the official library's.
    private static let temporary = ".tmp"

    /// Throws `invalid_argument` where a new table would be put among files that are not a Lance table's.
    ///
    /// An empty directory is fine, and so is what a first migration left that did not come to its commit. Looks no
    /// deeper than it must: a big directory of something else is refused by its first name.
    package func checkPlace() async throws {
        for name in try await storage.directories(in: .root) where Self.layout[name] == nil { throw stranger(name) }
        for name in try await storage.names(in: .root) where !name.hasPrefix(Self.temporary) { throw stranger(name) }
        for (directory, endings) in Self.layout {
            guard let endings else { continue }
            let key = try ObjectKey(directory)
            for name in try await storage.names(in: key) where !name.hasPrefix(Self.temporary) {
                if !endings.contains(where: { name.hasSuffix($0) }) { throw stranger(directory + "/" + name) }
            }
            if let name = try await storage.directories(in: key).first { throw stranger(directory + "/" + name) }
        }
    }

    private func stranger(_ name: String) -> Failure {
        Failure(
            .invalidArgument,
            "this is not a Lance table: it holds '\(name)'; choose a path that is empty or does not exist yet",
            path: storage.location)
    }
}
