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
    package func restore(_ reference: VersionReference) async throws -> Commit {
        let newest = try await latest()
        let old = try await snapshot(reference)
        try checkWritable(old)
        let commit = try await commit(.restore(old.manifest), basedOn: newest)
        let manifest = try ObjectKey(Self.versionsKey).appending(old.scheme.name(of: old.version))
        do {
            _ = try await storage.size(manifest)
            return commit
        } catch let failure as Failure where failure.code == .notFound {
            let gone = Failure(
                .notFound, "\(reference) was cleaned up meanwhile; restore another one", path: storage.location)
            // What somebody has built on it counts more than its being whole.
            guard let previous = commit.previous, try await latest().version == commit.snapshot.version else {
                throw gone
            }
            _ = try? await self.commit(.restore(previous.manifest), basedOn: commit.snapshot, directly: true)
            throw gone
        } catch {
            // The commit was made, and nothing says that anything is wrong with it.
            return commit
        }
    }
}
