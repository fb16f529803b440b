// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
import Synchronization

/// A table's directory in memory: for tests, and for tables that need not outlive the process.
package final class MemoryStorage: ObjectStorage {
    private struct State {
        var objects: [ObjectKey: Region] = [:]
        var tags: [ObjectKey: String] = [:]
        var changes: [ObjectKey: Int64] = [:]
    }

    package let location: String
    private let state = Mutex(State())

    package init(location: String = "memory") { self.location = location }

    package func open(_ key: ObjectKey) async throws -> Region {
        guard let region = state.withLock({ $0.objects[key] }) else {
            throw Failure(.notFound, "there is no object '\(key)'", path: "\(location)/\(key)")
        }
        return region
    }

    package func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region {
        let part = try await open(key).view.slice(range.lowerBound, range.upperBound - range.lowerBound)
        return Region(copying: part.bytes, name: part.region.name, fileOffset: range.lowerBound)
    }

    package func size(_ key: ObjectKey) async throws -> UInt64 { UInt64(try await open(key).count) }

    package func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter {
        Writer(storage: self, key: key)
    }

    package func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws
        -> PutOutcome
    {
        put(key, bytes) ? .created : .alreadyExists
    }

    private func put(_ key: ObjectKey, _ bytes: [UInt8]) -> Bool {
        let region = Region(copying: bytes, name: "\(location)/\(key)")
        // As servers have them, of the contents.
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        let tag = String(hasher.finalize())
        return state.withLock { state in
            guard state.objects[key] == nil else { return false }
            state.objects[key] = region
            state.tags[key] = tag
            state.changes[key.parent, default: 0] += 1
            return true
        }
    }

    package func names(in directory: ObjectKey) async throws -> [String] {
        state.withLock { $0.objects.keys.filter { $0.parent == directory }.map(\.name) }
    }

    package func directories(in directory: ObjectKey) async throws -> [String] {
        let depth = directory.components.count
        return state.withLock { state in
            let below = state.objects.keys.filter { key in
                key.components.count > depth + 1 && key.components.starts(with: directory.components)
            }
            return Array(Set(below.map { $0.components[depth] }))
        }
    }

    package func walk() async throws -> [ObjectEntry] {
        state.withLock { state in
            state.objects.map { key, region in
                ObjectEntry(key: key, size: UInt64(region.count), modified: 0, tag: state.tags[key])
            }
        }
    }

    package func tag(of key: ObjectKey) async throws -> String? { state.withLock { $0.tags[key] } }

    package func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws {
        state.withLock { state in
            state.tags[key] = nil
            if state.objects.removeValue(forKey: key) != nil { state.changes[key.parent, default: 0] += 1 }
        }
    }

    package func synchronize(directory: ObjectKey) async throws {}

    package func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws {}

    package func stamp(of directory: ObjectKey) async throws -> DirectoryStamp? {
        state.withLock { state in
            state.changes[directory].map { DirectoryStamp(device: 0, inode: 0, seconds: $0, nanoseconds: 0) }
        }
    }

    private final class Writer: ObjectWriter {
        let storage: MemoryStorage
        let key: ObjectKey
        private let buffer = Mutex(ByteWriter())

        init(storage: MemoryStorage, key: ObjectKey) {
            self.storage = storage
            self.key = key
        }

        var count: UInt64 { UInt64(buffer.withLock { $0.count }) }

        func write(_ bytes: ByteView) async throws { buffer.withLock { $0.write(bytes) } }

        func finish() async throws {
            guard storage.put(key, buffer.withLock { $0.bytes }) else {
                throw Failure(.io, "the name '\(key)' is in use", path: "\(storage.location)/\(key)")
            }
        }
    }
}
