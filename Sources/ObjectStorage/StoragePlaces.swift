// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Makes the storage of a place. The front has one that knows every kind, with its settings; it is handed down to where
/// a table names files of another table.
package struct StoragePlaces: Sendable {
    package let make: @Sendable (StorageLocation) throws -> any ObjectStorage

    package init(_ make: @escaping @Sendable (StorageLocation) throws -> any ObjectStorage) { self.make = make }

    /// This machine's file system, and nothing else.
    package static let local = StoragePlaces { location in
        switch location {
        case .local(let directory): return LocalStorage(path: directory)
        case .s3(let bucket, let path):
            throw Failure(.unsupported, "object stores cannot be reached from here", path: "s3://\(bucket)/\(path)")
        }
    }
}
