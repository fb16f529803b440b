// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceTable

extension LanceVectorStore {
    /// All versions that can be opened, the oldest first; those that cannot be read are left out.
    ///
    /// Reads every version's manifest.
    ///
    /// - Throws: `not_found` where there is no table.
    public func versions() async throws(StoreError) -> [VersionInfo] {
        try await longDoor {
            let tags = Dictionary(grouping: try await table.tags().filter { $0.branch == nil }, by: \.version)
            let newest = try await table.latest()
            var versions: [VersionInfo] = []
            for name in try await table.versions() {
                do {
                    let snapshot = try await table.snapshot(name)
                    versions.append(
                        VersionInfo(
                            version: Int(clamping: name.version), committedAt: snapshot.committedAt,
                            operation: try await table.operation(of: snapshot),
                            rows: try await snapshot.liveRows(), tags: tags[name.version]?.map(\.name) ?? []))
                } catch let failure as Failure
                    where [.notFound, .unsupported, .corrupt].contains(failure.code) && name.version != newest.version
                {
                    // Cleaned up since the listing, or of no use to this package: the others can be opened all the same.
                    continue
                }
            }
            return versions
        }
    }

    /// The version that searches see at this moment; nil where there is no table.
    public func version() async throws(StoreError) -> Int? {
        try await door { try await table.recentIfAny().map { Int(clamping: $0.version) } }
    }

    /// The table as it was in one version: all that looks at it does so at that version, and what would change it throws
    /// `unsupported`. To change it, open it without a version, or ``restore(_:)``.
    public func at(_ version: TableVersion) throws(StoreError) -> LanceVectorStore {
        var options = options
        options.version = version
        return try LanceVectorStore(storage, path: path, options: options)
    }

    /// Makes an older version's rows and indices the newest again, in one commit; the versions in between stay.
    ///
    /// - Returns: the number of the new version.
    /// - Throws: `not_found` where there is no such version or tag, or where it is cleaned up meanwhile; `commit_unknown`
    ///   where the latter was seen too late, and going back failed.
    public func restore(_ version: TableVersion) async throws(StoreError) -> Int {
        try await longDoor {
            try table.checkNewest()
            return Int(clamping: try await table.restore(version.reference()).snapshot.version)
        }
    }

    // MARK: Tags

    /// The names that versions were given, each with its version.
    ///
    /// - Throws: `not_found` where there is no table.
    public func tags() async throws(StoreError) -> [String: Int] {
        try await door {
            _ = try await table.latest()
            return Dictionary(
                try await table.tags().filter { $0.branch == nil }.map { ($0.name, Int(clamping: $0.version)) }
            ) { first, _ in first }
        }
    }

    /// Gives a version a name, which also keeps it from being cleaned up.
    ///
    /// - Parameters:
    ///   - name: of ASCII letters, digits, "-", "_" and single dots inside, and no number.
    ///   - version: nil for the newest.
    /// - Throws: `invalid_argument` for a name that is taken or malformed, `not_found` where there is no such version.
    public func createTag(_ name: String, version: TableVersion? = nil) async throws(StoreError) {
        try await door {
            try table.checkNewest()
            let snapshot =
                if let version { try await table.snapshot(version.reference()) } else { try await table.latest() }
            try await table.createTag(name, on: snapshot)
        }
    }

    /// Takes a name away; the version itself stays until it is cleaned up.
    ///
    /// - Throws: `not_found` where there is no such tag.
    public func deleteTag(_ name: String) async throws(StoreError) {
        try await door {
            try table.checkNewest()
            try await table.deleteTag(name)
        }
    }
}
