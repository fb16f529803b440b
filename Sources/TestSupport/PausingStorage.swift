// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import ObjectStorage
import Synchronization

/// Another storage, before one of whose operations somebody else has a turn.
package final class PausingStorage: ObjectStorage {
    private struct State {
        var count = 0
        var outcome: Bool?
    }

    private let inner: any ObjectStorage
    private let number: Int
    private let body: @Sendable () async throws -> Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - number: of the operation, from 0.
    ///   - body: what is done before it; tells whether it succeeded.
    package init(_ inner: any ObjectStorage, before number: Int, _ body: @escaping @Sendable () async throws -> Bool) {
        self.inner = inner
        self.number = number
        self.body = body
    }

    /// Nil where there were not that many operations.
    package var outcome: Bool? { state.withLock { $0.outcome } }

    private func pause() async throws {
        let isNow = state.withLock { state in
            state.count += 1
            return state.count - 1 == number
        }
        guard isNow else { return }
        let outcome = try await body()
        state.withLock { $0.outcome = outcome }
    }

    package var location: String { inner.location }

    package func open(_ key: ObjectKey) async throws -> Region {
        try await pause()
        return try await inner.open(key)
    }

    package func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region {
        try await pause()
        return try await inner.read(key, range)
    }

    package func size(_ key: ObjectKey) async throws -> UInt64 {
        try await pause()
        return try await inner.size(key)
    }

    package func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter {
        try await pause()
        return try await inner.create(key, durability)
    }

    package func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws
        -> PutOutcome
    {
        try await pause()
        return try await inner.putIfAbsent(key, bytes, durability)
    }

    package func names(in directory: ObjectKey) async throws -> [String] {
        try await pause()
        return try await inner.names(in: directory)
    }

    package func directories(in directory: ObjectKey) async throws -> [String] {
        try await pause()
        return try await inner.directories(in: directory)
    }

    package func walk() async throws -> [ObjectEntry] {
        try await pause()
        return try await inner.walk()
    }

    package func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws {
        try await pause()
        try await inner.delete(key, durability)
    }

    package func synchronize(directory: ObjectKey) async throws {
        try await pause()
        try await inner.synchronize(directory: directory)
    }

    package func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws {
        try await pause()
        try await inner.synchronize(keys, changedSince: since)
    }

    package func stamp(of directory: ObjectKey) async throws -> DirectoryStamp? {
        try await inner.stamp(of: directory)
    }

    package func tag(of key: ObjectKey) async throws -> String? { try await inner.tag(of: key) }
}
