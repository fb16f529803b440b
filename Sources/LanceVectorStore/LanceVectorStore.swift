// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceFile
package import LanceTable
package import ObjectStorage
import Synchronization
import VectorSearch

/// Text chunks and their embedding vectors in one Lance table.
///
/// ```swift
/// let store = try LanceVectorStore(path: "books.lance")
/// _ = try await store.migrate(parquet: "books.parquet")
/// for hit in try await store.search(query, topK: 5) { print(hit.score, hit.chunkText) }
/// ```
///
/// The table has the columns `source`, `doc_id`, `chunk_idx`, `chunk_text` and `vector` (a fixed-size list of 32-bit
/// floats), and may have more. Tables of other tools may name them otherwise (``Options/columns-swift.property``), lack all
/// but the id and the vector, and have vectors of 16 or 64 bits. Any tool that speaks Lance reads and writes the same files.
///
/// A store may be used from any number of tasks at once. Every call sees the newest committed version, also one that
/// another process committed (or, with ``Options/consistencyInterval``, one that was the newest a moment ago), and works on
/// that version until it returns. With ``Options/Durability-swift.enum/full``
/// the effect of a call that returned survives power loss.
public final class LanceVectorStore: Sendable {
    /// The table's path as it was given.
    public let path: String
    package let options: Options
    package let table: Table
    let storage: any ObjectStorage
    let searcher = Searcher(executor: WorkExecutor.shared)
    let keys = KeyLookup()
    let lastRowReader = Mutex<RowReader?>(nil)

    /// Prepares a store; neither reads nor writes anything yet.
    ///
    /// - Parameters:
    ///   - path: a local path, `file:///…`, or `s3://bucket/path` (with the package trait `S3`, which is there unless
    ///     switched off). The table need not exist: migration and append make it; the bucket must.
    ///   - options: how the store works.
    /// - Throws: `unsupported` for another scheme; `invalid_argument` for an option that makes no sense.
    public convenience init(path: String, options: Options = .init()) throws(StoreError) {
        let storage: any ObjectStorage
        do {
            storage = try KnownPlaces(options).storage(at: StorageLocation(parsing: path))
        } catch {
            throw StoreError(error, path: path)
        }
        try self.init(storage, path: path, options: options)
    }

    /// The same over any storage.
    ///
    /// - Parameters:
    ///   - path: what the user calls the place; nil for the storage's own name.
    ///   - now: the clock of the consistency interval.
    package init(
        _ storage: any ObjectStorage, path: String? = nil, options: Options = .init(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) throws(StoreError) {
        let path = path ?? storage.location
        let pinned: VersionReference?
        do {
            try options.check()
            pinned = try options.version?.reference()
        } catch {
            throw StoreError(error, path: path)
        }
        self.path = path
        self.options = options
        self.storage = storage
        table = Table(
            storage, options.storageDurability, pinned: pinned, consistencyInterval: options.consistencyInterval,
            now: now)
    }

    /// Runs `body` and turns what it throws into a `StoreError`.
    func door<T>(_ body: () async throws -> T) async throws(StoreError) -> T {
        do {
            return try await body()
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// The same for long work: off the cooperative threads.
    func longDoor<T: Sendable>(_ body: () async throws -> T) async throws(StoreError) -> T {
        do {
            return try await withTaskExecutorPreference(WorkExecutor.shared) { try await body() }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Runs `body` on the newest version that is known or looked for, and again on a newer one where another process
    /// replaced the table meanwhile and removed the files that `body` was about to open.
    package func reading<T>(_ body: (Snapshot) async throws -> T) async throws -> T {
        try await reading(from: table.recent(), body)
    }

    /// The same; nil where there is no table.
    private func readingIfAny<T>(_ body: (Snapshot) async throws -> T) async throws -> T? {
        guard let snapshot = try await table.recentIfAny() else { return nil }
        return try await reading(from: snapshot, body)
    }

    private func reading<T>(from first: Snapshot, _ body: (Snapshot) async throws -> T) async throws -> T {
        var snapshot = first
        // Each needs another version that has come meanwhile.
        var attempts = 20
        while true {
            do {
                return try await body(snapshot)
            } catch let failure as Failure where failure.code == .notFound && attempts > 0 {
                let newest = try await table.latest()
                guard !newest.isSameCommit(as: snapshot) else { throw failure }
                snapshot = newest
                attempts -= 1
            }
        }
    }
}

// MARK: Looking

extension LanceVectorStore {
    /// The number of live rows, from the manifest alone.
    ///
    /// - Throws: `not_found` where there is no table.
    public func count() async throws(StoreError) -> Int {
        try await door { try await reading { try await $0.liveRows() } }
    }

    /// What the table holds: zeros and false where there is none.
    ///
    /// An index whose files are damaged or missing counts as none, with a warning in the log.
    public func stats() async throws(StoreError) -> DatasetStats {
        try await door {
            try await readingIfAny { snapshot in
                DatasetStats(
                    path: path, rows: try await snapshot.liveRows(), diskBytes: try await table.diskBytes(),
                    hasVectorIndex: try await hasVectorIndex(snapshot),
                    hasDocIDIndex: try await hasScalarIndex(options.columns.id, snapshot))
            } ?? DatasetStats(path: path, rows: 0, diskBytes: 0, hasVectorIndex: false, hasDocIDIndex: false)
        }
    }

    /// Whether searches use an index: the vector column has one of a kind and version that this package reads, and
    /// that covers rows of the newest version. False where there is no table.
    ///
    /// Opens the index. Where its files are damaged or missing the answer is false, with a warning in the log, and a
    /// search throws `corrupt` or `not_found` until the index is built again or dropped: to compare all rows instead
    /// could be by another metric.
    public func hasVectorIndex() async throws(StoreError) -> Bool {
        try await door { try await readingIfAny { try await hasVectorIndex($0) } ?? false }
    }

    private func hasVectorIndex(_ snapshot: Snapshot) async throws -> Bool {
        guard let field = try? vectorField(snapshot) else { return false }
        return try await searcher.hasIndex(snapshot, field) { try await table.latest().isSameCommit(as: snapshot) }
    }

    /// Whether `column` has a BTREE index that a lookup of its values can use: one of a layout and version that this
    /// package reads, and that covers rows of the newest version. False where there is no table.
    ///
    /// Opens the index. Where its files are damaged or missing the answer is false, with a warning in the log, and
    /// ``row(docID:columns:)`` throws `corrupt` or `not_found` until the index is built again or dropped.
    public func hasScalarIndex(column: String) async throws(StoreError) -> Bool {
        try await door { try await readingIfAny { try await hasScalarIndex(column, $0) } ?? false }
    }

    private func hasScalarIndex(_ column: String, _ snapshot: Snapshot) async throws -> Bool {
        guard let field = snapshot.schema[column] else { return false }
        return try await keys.hasIndex(snapshot, field) { try await table.latest().isSameCommit(as: snapshot) }
    }
}
