// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import ObjectStorage
import Synchronization

/// A storage that writes down what is asked of it, and fails where it is told to.
///
/// Only operations that change something, and those that a commit cannot do without, are counted and may fail; where it
/// is asked for, those that look at sizes, directories and times too.
package final class FaultyStorage: ObjectStorage {
    package enum Operation: Sendable, Equatable {
        case open(String)
        case names(String)
        case create(String, WriteDurability)
        case write(String)
        case finish(String)
        case put(String, WriteDurability)
        case delete(String)
        /// Asks for a size, a stamp, or what directories or objects there are.
        case look(String)

        /// The object's key.
        package var key: String {
            switch self {
            case .open(let key), .names(let key), .write(let key), .finish(let key), .delete(let key), .look(let key):
                key
            case .create(let key, _), .put(let key, _): key
            }
        }
    }

    /// What the failing operation leaves behind.
    package enum Fault: Sendable, CaseIterable {
        /// Nothing was done.
        case before
        /// It was done, and its success is not known: `commit_unknown` for a put, an error for the others.
        case after
    }

    /// What is wrong with a device, a process or a directory.
    package struct Trouble: Sendable {
        /// Of the first failing operation, from 0.
        package var number: Int
        /// Every later one fails, too, until the trouble is over.
        package var isLasting = false
        /// Others are done as ever, and counted.
        package var affects: @Sendable (Operation) -> Bool
        /// Nil where the operation is done nevertheless, after something else has happened.
        package var error: @Sendable (Operation) -> (any Error)?

        package init(
            at number: Int, isLasting: Bool = false, affects: @escaping @Sendable (Operation) -> Bool = { _ in true },
            error: @escaping @Sendable (Operation) -> (any Error)?
        ) {
            self.number = number
            self.isLasting = isLasting
            self.affects = affects
            self.error = error
        }
    }

    private struct State {
        var operations: [Operation] = []
        var failing: Int?
        var fault = Fault.before
        var trouble: Trouble?
        var answersAlreadyExists = false
        var deniesPuts = false
    }

    private let inner: any ObjectStorage
    private let countsLooks: Bool
    private let state = Mutex(State())

    package init(_ inner: any ObjectStorage, countingLooks countsLooks: Bool = false) {
        self.inner = inner
        self.countsLooks = countsLooks
    }

    package var operations: [Operation] { state.withLock { $0.operations } }

    /// Forgets what was asked so far. The `number`th operation from now on (from 0) fails, once.
    package func fail(_ number: Int?, _ fault: Fault = .before) {
        state.withLock { state in
            state.operations = []
            state.failing = number
            state.fault = fault
            state.trouble = nil
        }
    }

    /// Forgets what was asked so far, and has this trouble from now on.
    package func suffer(_ trouble: Trouble) {
        fail(nil)
        state.withLock { $0.trouble = trouble }
    }

    /// Every put from now on answers that the name is taken.
    package func refusePuts() { state.withLock { $0.answersAlreadyExists = true } }

    /// Every put from now on is done, and answers that the name is taken.
    package func denyPuts() { state.withLock { $0.deniesPuts = true } }

    private func perform<T>(_ operation: Operation, _ body: () async throws -> T) async throws -> T {
        let (fault, trouble): (Fault?, Trouble?) = state.withLock { state in
            let number = state.operations.count
            state.operations.append(operation)
            let trouble = state.trouble.flatMap { trouble in
                trouble.number == number || (trouble.isLasting && trouble.number < number) ? trouble : nil
            }
            return (state.failing == number ? state.fault : nil, trouble)
        }
        if let trouble, trouble.affects(operation), let error = trouble.error(operation) { throw error }
        guard let fault else { return try await body() }
        let injected = Failure(.io, "injected fault at \(operation)", path: location)
        guard fault == .after else { throw injected }
        let result = try await body()
        if case .put = operation, result as? PutOutcome == .created {
            throw Failure(.commitUnknown, "injected fault after \(operation)", path: location)
        }
        throw injected
    }

    package var location: String { inner.location }

    package func open(_ key: ObjectKey) async throws -> Region {
        try await perform(.open(key.description)) { try await inner.open(key) }
    }

    package func read(_ key: ObjectKey, _ range: Range<UInt64>) async throws -> Region {
        try await perform(.open(key.description)) { try await inner.read(key, range) }
    }

    private func look<T>(_ key: ObjectKey, _ body: () async throws -> T) async throws -> T {
        guard countsLooks else { return try await body() }
        return try await perform(.look(key.description), body)
    }

    package func size(_ key: ObjectKey) async throws -> UInt64 {
        try await look(key) { try await inner.size(key) }
    }

    package func create(_ key: ObjectKey, _ durability: WriteDurability) async throws -> any ObjectWriter {
        let writer = try await perform(.create(key.description, durability)) { try await inner.create(key, durability) }
        return Writer(storage: self, key: key, inner: writer)
    }

    package func putIfAbsent(_ key: ObjectKey, _ bytes: [UInt8], _ durability: WriteDurability) async throws
        -> PutOutcome
    {
        try await perform(.put(key.description, durability)) {
            if state.withLock({ $0.answersAlreadyExists }) { return .alreadyExists }
            let outcome = try await inner.putIfAbsent(key, bytes, durability)
            return state.withLock { $0.deniesPuts } ? .alreadyExists : outcome
        }
    }

    package func names(in directory: ObjectKey) async throws -> [String] {
        try await perform(.names(directory.description)) { try await inner.names(in: directory) }
    }

    package func directories(in directory: ObjectKey) async throws -> [String] {
        try await look(directory) { try await inner.directories(in: directory) }
    }

    package func walk() async throws -> [ObjectEntry] { try await look(.root) { try await inner.walk() } }

    package func delete(_ key: ObjectKey, _ durability: WriteDurability) async throws {
        try await perform(.delete(key.description)) { try await inner.delete(key, durability) }
    }

    package func synchronize(directory: ObjectKey) async throws { try await inner.synchronize(directory: directory) }

    package func synchronize(_ keys: [ObjectKey], changedSince since: Double?) async throws {
        try await inner.synchronize(keys, changedSince: since)
    }

    package func stamp(of directory: ObjectKey) async throws -> DirectoryStamp? {
        try await look(directory) { try await inner.stamp(of: directory) }
    }

    package func tag(of key: ObjectKey) async throws -> String? { try await look(key) { try await inner.tag(of: key) } }

    private final class Writer: ObjectWriter {
        let storage: FaultyStorage
        let key: ObjectKey
        let inner: any ObjectWriter

        init(storage: FaultyStorage, key: ObjectKey, inner: any ObjectWriter) {
            self.storage = storage
            self.key = key
            self.inner = inner
        }

        var count: UInt64 { inner.count }

        func write(_ bytes: ByteView) async throws {
            try await storage.perform(.write(key.description)) { try await inner.write(bytes) }
        }

        func finish() async throws {
            try await storage.perform(.finish(key.description)) { try await inner.finish() }
        }
    }
}
