// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceFile
package import LanceTable
import ObjectStorage
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
/// floats), and may have more. Any tool that speaks Lance reads and writes the same files.
///
/// A store may be used from any number of tasks at once. Every call sees the newest committed version, also one that
/// another process committed, and works on that version until it returns. With ``Options/Durability-swift.enum/full``
/// the effect of a call that returned survives power loss.
public final class LanceVectorStore: Sendable {
    /// The table's path as it was given.
    public let path: String
    package let options: Options
    package let table: Table
    let storage: any ObjectStorage
    let searcher = Searcher()
    let keys = KeyLookup()
    let lastRowReader = Mutex<RowReader?>(nil)

    /// Prepares a store; neither reads nor writes anything yet.
    ///
    /// - Parameters:
    ///   - path: a local path or `file:///…`. The table need not exist: migration and append make it.
    ///   - options: how the store works.
    /// - Throws: `unsupported` for another scheme, or for an option that has no effect yet; `invalid_argument` for an
    ///   option that makes no sense.
    public init(path: String, options: Options = .init()) throws(StoreError) {
        do {
            try options.check()
            switch try StorageLocation(parsing: path) {
            case .local(let directory): storage = LocalStorage(path: directory)
            }
        } catch {
            throw StoreError(error, path: path)
        }
        self.path = path
        self.options = options
        table = Table(storage, options.storageDurability)
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

    /// Runs `body` on the newest version, and again on a newer one where another process replaced the table meanwhile
    /// and removed the files that `body` was about to open.
    package func reading<T>(_ body: (Snapshot) async throws -> T) async throws -> T {
        var snapshot = try await table.latest()
        var attempts = 3
        while true {
            do {
                return try await body(snapshot)
            } catch let failure as Failure where failure.code == .notFound && attempts > 0 {
                let newest = try await table.latest()
                guard newest !== snapshot else { throw failure }
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
    public func stats() async throws(StoreError) -> DatasetStats {
        try await door {
            guard let snapshot = try await table.latestIfAny() else {
                return DatasetStats(path: path, rows: 0, diskBytes: 0, hasVectorIndex: false, hasDocIDIndex: false)
            }
            return DatasetStats(
                path: path, rows: try await snapshot.liveRows(), diskBytes: try await table.diskBytes(),
                hasVectorIndex: try await hasVectorIndex(snapshot),
                hasDocIDIndex: snapshot.hasLiveIndex(.btree, on: options.columns.id))
        }
    }

    /// Whether searches use an index: the column `vector` has one that this package reads and that covers rows of the
    /// newest version. False where there is no table.
    public func hasVectorIndex() async throws(StoreError) -> Bool {
        try await door {
            guard let snapshot = try await table.latestIfAny() else { return false }
            return try await hasVectorIndex(snapshot)
        }
    }

    private func hasVectorIndex(_ snapshot: Snapshot) async throws -> Bool {
        // Some kinds of index are told apart by their files only.
        guard snapshot.hasLiveIndex(.vector, on: options.columns.vector), let field = try? vectorField(snapshot) else {
            return false
        }
        return try await searcher.plan(snapshot, field).index != nil
    }

    /// Whether `column` has a BTREE index that covers rows of the newest version; false where there is no table.
    public func hasScalarIndex(column: String) async throws(StoreError) -> Bool {
        try await door { try await table.latestIfAny()?.hasLiveIndex(.btree, on: column) ?? false }
    }
}
