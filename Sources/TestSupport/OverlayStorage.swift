// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import ObjectStorage

/// Another storage, to look at and not to change, in which some objects have other bytes.
package struct OverlayStorage: ObjectStorage {
    private let inner: any ObjectStorage
    private let replaced: [ObjectKey: [UInt8]]

    package init(_ inner: any ObjectStorage, _ replaced: [ObjectKey: [UInt8]]) {
        self.inner = inner
        self.replaced = replaced
    }

    package var location: String { inner.location }

    package func open(_ key: ObjectKey) async throws -> Region {
        guard let bytes = replaced[key] else { return try await inner.open(key) }
        return Region(copying: bytes, name: "\(location)/\(key)")
    }

    package func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region {
        guard replaced[key] != nil else { return try await inner.read(key, range) }
        let part = try await open(key).view.slice(range.lowerBound, range.upperBound - range.lowerBound)
        return Region(copying: part.bytes, name: part.region.name, fileOffset: range.lowerBound)
    }

    package func size(_ key: ObjectKey) async throws -> UInt64 {
        if let bytes = replaced[key] { UInt64(bytes.count) } else { try await inner.size(key) }
    }

    package func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter {
        throw Failure(.permission, "this storage is not to be changed", path: location)
    }

    package func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws
        -> PutOutcome
    {
        throw Failure(.permission, "this storage is not to be changed", path: location)
    }

    package func names(in directory: ObjectKey) async throws -> [String] { try await inner.names(in: directory) }

    package func directories(in directory: ObjectKey) async throws -> [String] {
        try await inner.directories(in: directory)
    }

    package func walk() async throws -> [ObjectEntry] { try await inner.walk() }

    package func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws {
        throw Failure(.permission, "this storage is not to be changed", path: location)
    }

    package func synchronize(directory: ObjectKey) async throws { try await inner.synchronize(directory: directory) }

    package func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws {
        try await inner.synchronize(keys, changedSince: since)
    }

    package func stamp(of directory: ObjectKey) async throws -> DirectoryStamp? { nil }
}
