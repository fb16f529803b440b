// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceProto
import ObjectStorage

/// A table for looking at: its history, and one version in detail.
package struct TableInspection: Sendable, Encodable {
    package var location: String
    package var versionCount: Int
    /// The newest versions, newest first.
    package var versions: [VersionInspection]
    package var detail: ManifestInspection

    /// - Parameters:
    ///   - limit: how many versions of the history; nil for all.
    ///   - version: the version to show in detail; nil for the newest.
    ///   - pages: whether to look into the data files too.
    package init(_ table: Table, limit: Int?, version: UInt64?, pages: Bool) async throws {
        let names = try await table.versions()
        guard let newest = names.last else {
            throw Failure(.notFound, "there is no Lance table here", path: table.storage.location)
        }
        guard let wanted = version.map({ number in names.first { $0.version == number } }) ?? newest else {
            throw Failure(
                .notFound,
                "there is no version \(version ?? 0); the versions are \(names[0].version) to \(newest.version)",
                path: table.storage.location)
        }
        location = table.storage.location
        versionCount = names.count
        versions = []
        for name in names.suffix(limit ?? names.count).reversed() {
            versions.append(await Self.version(name, table.storage))
        }
        let manifest = try await Self.manifest(wanted, table.storage)
        detail = ManifestInspection(manifest, path: "\(location)/\(Table.versionsKey)/\(wanted.name)")
        detail.summary = await Self.version(wanted, table.storage)
        if pages { await Self.lookIntoFiles(&detail, table.storage) }
        for index in detail.indices.indices where detail.indices[index].files.isEmpty {
            detail.indices[index].files = await Self.files(ofIndex: detail.indices[index].uuid, table.storage)
        }
    }

    private static func manifest(_ name: ManifestName, _ storage: any ObjectStorage) async throws -> Manifest {
        try Manifest(parsing: await storage.open(ObjectKey(Table.versionsKey).appending(name.name)).view)
    }

    /// A version that cannot be read does not hide the others.
    private static func version(_ name: ManifestName, _ storage: any ObjectStorage) async -> VersionInspection {
        do {
            let manifest = try await manifest(name, storage)
            var version = VersionInspection(manifest)
            if version.transaction == nil, !version.transactionFile.isEmpty {
                // Gone with a clean-up, mostly; the version is good without it.
                if let region = try? await storage.open(ObjectKey("_transactions/" + version.transactionFile)) {
                    version.transaction = TransactionInspection(
                        try region.view.message(ProtoTransaction.self, "the transaction"))
                }
            }
            return version
        } catch {
            return VersionInspection(version: name.version, error: error)
        }
    }

    private static func lookIntoFiles(_ detail: inout ManifestInspection, _ storage: any ObjectStorage) async {
        for fragment in detail.fragments.indices {
            for file in detail.fragments[fragment].files.indices {
                let entry = detail.fragments[fragment].files[file]
                do {
                    guard entry.base == nil else {
                        throw Failure(.unsupported, "the file is outside the table's directory")
                    }
                    let bytes = try await storage.file(ObjectKey("data/" + entry.path), size: nil)
                    detail.fragments[fragment].files[file].contents = try await fetching { try FileInspection(bytes) }
                } catch {
                    detail.fragments[fragment].files[file].error = "\(error)"
                }
            }
        }
    }

    /// Names and sizes of an index's files, for manifests that do not list them.
    private static func files(ofIndex uuid: String, _ storage: any ObjectStorage) async -> [String: UInt64] {
        var files: [String: UInt64] = [:]
        guard !uuid.isEmpty, let directory = try? ObjectKey("_indices/" + uuid),
            let names = try? await storage.names(in: directory)
        else { return files }
        for name in names {
            if let key = try? directory.appending(name) { files[name] = try? await storage.size(key) }
        }
        return files
    }
}
