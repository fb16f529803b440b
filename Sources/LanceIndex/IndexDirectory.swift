// SPDX-License-Identifier: Apache-2.0
package import Foundation
package import ObjectStorage

/// Where the files of one index segment are: `_indices/<uuid in lower case>/`.
package struct IndexDirectory: Sendable, Hashable {
    package let uuid: UUID

    package init(_ uuid: UUID) { self.uuid = uuid }

    /// `file` is the name of one of the segment's files.
    package func key(_ file: String) throws -> ObjectKey {
        try ObjectKey("_indices/" + uuid.uuidString.lowercased() + "/" + file)
    }

    /// Removes the files of a segment that no manifest names: one whose writing or commit failed. Those that are not
    /// there are no error, and neither is one that cannot be removed: nobody looks for it.
    package func discard(_ files: [String], in storage: any ObjectStorage) async {
        await storage.discard(files.compactMap { try? key($0) })
    }
}
