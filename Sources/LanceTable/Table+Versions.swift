// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage

extension Table {
    /// All versions there are, ascending.
    package func versions() async throws -> [ManifestName] {
        try ManifestName.versions(
            among: await storage.names(in: ObjectKey(Self.versionsKey)), path: storage.location + "/" + Self.versionsKey
        )
    }

    /// One version. Throws `not_found` where it was cleaned up, or never was.
    package func snapshot(_ reference: VersionReference) async throws -> Snapshot {
        let number = try await number(of: reference)
        let all = try await versions()
        guard let name = all.first(where: { $0.version == number }) else {
            let range = all.first.flatMap { first in all.last.map { "\(first.version) to \($0.version)" } }
            throw Failure(
                .notFound,
                "there is no version \(number)" + (range.map { "; there are versions of \($0)" } ?? ", nor any other"),
                path: storage.location)
        }
        return try await snapshot(name)
    }

    /// A version's number, whether or not it is there.
    func number(of reference: VersionReference) async throws -> UInt64 {
        switch reference {
        case .number(let number): return number
        case .tag(let name):
            let tag = try await tag(name)
            guard tag.branch == nil else {
                throw Failure(
                    .unsupported,
                    "the tag '\(name)' is of the branch '\(tag.branch ?? "")'; open the branch's directory",
                    path: storage.location)
            }
            return tag.version
        }
    }

    /// Makes an older version's contents the newest again, with its indices; the versions in between stay.
    ///
    /// A clean-up that has removed the old version's manifest will remove its files: then the restored version goes again.
    ///
    /// - Throws: `not_found` where that is so; `commit_unknown` where the restored version could not go again.
    package func restore(_ reference: VersionReference) async throws -> Commit {
        let newest = try await latest()
        let old = try await snapshot(reference)
        try checkWritable(old)
        let commit = try await commit(.restore(old.manifest), basedOn: newest)
        do {
            try await Self.despiteCancellation { try await self.checkIsThere(old) }
            return commit
        } catch let failure as Failure where failure.code == .notFound {
            do {
                try await Self.despiteCancellation { try await self.undo(commit) }
            } catch {
                throw Failure(
                    .commitUnknown,
                    "\(reference) was restored as version \(commit.snapshot.version) and cleaned up meanwhile, and that could not be undone (\(error)): files of it may be missing; look at the table, and restore a version that is whole",
                    path: storage.location, underlying: error)
            }
            throw Failure(
                .notFound, "\(reference) was cleaned up meanwhile; restore another one", path: storage.location)
        } catch {
            // The commit was made, and nothing says that anything is wrong with it.
            return commit
        }
    }

    /// Makes what was there before a restore the newest again. What somebody has built on it counts more than its being
    /// whole, and what was there before may be cleaned up itself by now: throws in either case.
    private func undo(_ restored: Commit) async throws {
        guard let previous = restored.previous else { return }
        try await checkIsThere(previous)
        _ = try await commit(.restore(previous.manifest), basedOn: restored.snapshot, directly: true)
        try await checkIsThere(previous)
    }

    /// Throws `not_found` where a version's manifest is gone.
    private func checkIsThere(_ snapshot: Snapshot) async throws {
        _ = try await storage.size(
            ObjectKey(Self.versionsKey).appending(snapshot.scheme.name(of: snapshot.version)))
    }
}
