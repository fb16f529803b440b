// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import Logging
import ObjectStorage

extension Table {
    /// All tags, by name.
    ///
    /// - Parameter isComplete: throws where one cannot be read; else that one is left out, with a warning in the log.
    package func tags(isComplete: Bool = false) async throws -> [Tag] {
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
            } catch let failure as Failure where failure.code == .corrupt && !isComplete {
                Self.logger.warning("a tag cannot be read", metadata: ["error": "\(failure)"])
            }
        }
        return tags.sorted { $0.name < $1.name }
    }

    /// Throws `not_found` for a tag that is not there.
    package func tag(_ name: String) async throws -> Tag {
        // Not only those that this package would make: others may allow more.
        let key = try Self.keyOfAnyTag(name)
        do {
            return try Tag(name: name, parsing: await storage.open(key).view)
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
        let branch = snapshot.manifest.proto.branch
        guard branch.isEmpty else {
            throw Failure(
                .unsupported, "this is the branch '\(branch)'; its tags belong to the table that it branched off",
                path: storage.location)
        }
        try await settle(snapshot)
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
            if let key = try? Tag.key(name) { await storage.discard([key], durability) }
            throw error
        }
    }

    /// Takes a name away; the version stays until a clean-up. Durable as the table's commits are.
    package func deleteTag(_ name: String) async throws {
        do {
            guard try await tag(name).branch == nil else {
                throw Failure(.unsupported, "the tag '\(name)' is of a branch", path: storage.location)
            }
        } catch let failure as Failure where failure.code == .corrupt {
            // Nobody can read it, so nobody misses it.
        }
        try await storage.delete(Self.keyOfAnyTag(name), durability)
    }

    private static func keyOfAnyTag(_ name: String) throws -> ObjectKey {
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0) else {
            throw Failure(.invalidArgument, "'\(name)' cannot be the name of a tag")
        }
        return try Tag.key(name)
    }
}
