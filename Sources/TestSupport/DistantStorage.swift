// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import ObjectStorage

/// Another storage, as if it were on a server: files are read a range at a time, nothing has a modification time, and
/// requests are counted.
package final class DistantStorage: ObjectStorage {
    private let inner: any ObjectStorage
    private let cache: BlockCache
    private let disk: DiskBlockCache?
    /// Its requests.
    package let counter = RoundCounter()

    /// - Parameters:
    ///   - cacheBytes: with 0, what was fetched stays only as long as it is in use.
    ///   - disk: what is fetched stays there.
    package init(_ inner: any ObjectStorage, cacheBytes: Int = 64 << 20, disk: DiskBlockCache? = nil) {
        self.inner = inner
        cache = BlockCache(capacity: cacheBytes)
        self.disk = disk
    }

    package var location: String { inner.location }

    package var isDistant: Bool { true }

    private func ask() async { await counter.ask() }

    package func file(_ key: ObjectKey, size: UInt64?) async throws -> FileView {
        let count: Int
        let file: (Int) -> CachedFile = { [inner, cache, disk] count in
            CachedFile(name: "\(inner.location)/\(key)", identity: "\(key)", count: count, cache: cache, disk: disk) {
                [self] range in
                await ask()
                return try await inner.read(key, range)
            }
        }
        if let size {
            count = Int(clamping: size)
            return FileView(file(count))
        }
        await ask()
        let bytes = try await inner.open(key)
        let made = file(bytes.count)
        let start = max(bytes.count - CachedFile.tailBytes, 0)
        let tail = try bytes.view.slice(start, bytes.count - start).bytes
        try made.add(tail: Region(copying: tail, name: made.name, fileOffset: UInt64(start)), from: start)
        return FileView(made)
    }

    package func open(_ key: ObjectKey) async throws -> Region {
        await ask()
        return try await inner.open(key)
    }

    package func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region {
        await ask()
        return try await inner.read(key, range)
    }

    package func size(_ key: ObjectKey) async throws -> UInt64 {
        await ask()
        return try await inner.size(key)
    }

    package func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter {
        await ask()
        return try await inner.create(key, durability)
    }

    package func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws
        -> PutOutcome
    {
        await ask()
        return try await inner.putIfAbsent(key, bytes, durability)
    }

    package func first(in directory: ObjectKey) async throws -> (objects: [ListedObject], areAll: Bool) {
        await ask()
        var objects: [ListedObject] = []
        let names = try await inner.names(in: directory).sorted()
        for name in names.prefix(3) {
            var tag: UInt64 = 0xcbf2_9ce4_8422_2325
            let bytes = try await inner.open(directory.appending(name)).view.bytes
            for byte in bytes { tag = (tag ^ UInt64(byte)) &* 0x100_0000_01b3 }
            objects.append(ListedObject(name: name, tag: String(tag)))
        }
        return (objects, names.count <= 3)
    }

    package func names(in directory: ObjectKey) async throws -> [String] {
        await ask()
        return try await inner.names(in: directory)
    }

    package func directories(in directory: ObjectKey) async throws -> [String] {
        await ask()
        return try await inner.directories(in: directory)
    }

    package func walk() async throws -> [ObjectEntry] {
        await ask()
        return try await inner.walk()
    }

    package func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws {
        await ask()
        try await inner.delete(key, durability)
    }

    package func synchronize(directory: ObjectKey) async throws { try await inner.synchronize(directory: directory) }

    package func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws {
        try await inner.synchronize(keys, changedSince: since)
    }

    package func stamp(of directory: ObjectKey) async throws -> DirectoryStamp? { nil }
}
