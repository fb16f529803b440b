// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import ObjectStorage

/// Where files of a table are that are not below its own directory: those of the table that it was cloned from, or that
/// it branched off (format reference: base paths).
enum BasePath {
    /// The storage of a base, and whether files lie in it as in a table's directory, `data/` and so on, or bare.
    static func storage(_ id: UInt32, of snapshot: Snapshot) throws -> (storage: any ObjectStorage, isRoot: Bool) {
        guard let base = snapshot.manifest.proto.basePaths.first(where: { $0.id == id }) else {
            throw Failure(
                .corrupt, "a file is at base path \(id), which the manifest does not list", path: snapshot.location)
        }
        return (try snapshot.storage.storage(at: StorageLocation(parsing: base.path)), base.isDatasetRoot)
    }
}
