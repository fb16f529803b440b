// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import ObjectStorage

extension Table {
    /// All tags, by name.
    package func tags() async throws -> [Tag] {
        let directory = try ObjectKey(Tag.directory)
        var tags: [Tag] = []
        for file in try await storage.names(in: directory) {
            guard let name = Tag.name(ofFile: file) else { continue }
            do {
                let region = try await storage.open(directory.appending(file))
                tags.append(try Tag(name: name, parsing: region.view))
            } catch let failure as Failure where failure.code == .notFound {
                // Removed since the listing.
                continue
            }
        }
        return tags.sorted { $0.name < $1.name }
    }

    /// Throws `not_found` for a tag that is not there.
    package func tag(_ name: String) async throws -> Tag {
        try Tag.check(name)
        do {
            return try Tag(name: name, parsing: await storage.open(Tag.key(name)).view)
        } catch let failure as Failure where failure.code == .notFound {
            let known = try await tags().map(\.name)
            throw Failure(
                .notFound,
                "there is no tag '\(name)'; " + (known.isEmpty ? "the table has none" : "there are: ")
                    + known.joined(separator: ", "),
                path: storage.location)
        }
    }

    /// Names a version. Durable as the table's commits are.
    ///
    /// - Throws: `invalid_argument` where a tag has the name already, `not_found` where there is no such version.
    package func createTag(_ name: String, on snapshot: Snapshot) async throws {
        try Tag.check(name)
        let manifest = try ObjectKey(Self.versionsKey).appending(snapshot.scheme.name(of: snapshot.version))
        let size = try await storage.size(manifest)
        let bytes = try Tag(name: name, version: snapshot.version).serialized(manifestSize: size, now: Date())
        guard try await storage.putIfAbsent(Tag.key(name), bytes, durability) == .created else {
            throw Failure(
                .invalidArgument, "there is a tag '\(name)' already; delete it first", path: storage.location)
        }
        do {
            // A clean-up that did not see the tag may have been faster.
            _ = try await storage.size(manifest)
        } catch {
            try? await storage.delete(Tag.key(name))
            throw error
        }
    }

    /// Takes a name away; the version stays until a clean-up.
    package func deleteTag(_ name: String) async throws {
        _ = try await tag(name)
        try await storage.delete(Tag.key(name))
    }
}
