// SPDX-License-Identifier: Apache-2.0
import Dispatch
import LanceVectorStore
import Synchronization
import TestSupport
import Testing

/// Searches and the task that asks for them: where they run, and how they end early.
struct SearchTaskTests {
    /// The caller's threads; counts what is put on them.
    private final class Caller: TaskExecutor {
        private let queue = DispatchQueue(label: "caller")
        private let count = Mutex(0)
        var jobs: Int { count.withLock { $0 } }

        func enqueue(_ job: consuming ExecutorJob) {
            count.withLock { $0 += 1 }
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }

        /// Whether `body` left these threads for others: then it had to be put on them again.
        func leaves(_ body: () async throws -> Void) async throws -> Bool {
            try await withTaskExecutorPreference(self) {
                let before = jobs
                try await body()
                return jobs > before
            }
        }
    }

    private static let dimension = 64

    private static func store(_ place: Place, rows: Int) async throws -> LanceVectorStore {
        let store = try place.store(Options(durability: .relaxed))
        try await IndexBuildTests.fill(store, rows: rows, dimension: dimension)
        _ = try await store.buildIndex(numPartitions: 64, numBits: 4, numSubVectors: 2, metric: .l2)
        return try place.store()
    }

    @Test func longSearchesLeaveTheCallersThreads() async throws {
        let place = try Place()
        // 20 MB of vectors.
        let store = try await Self.store(place, rows: 80_000)
        let query = [Float](repeating: 0.25, count: Self.dimension)
        let large = query.map { $0 * 1e30 }
        // A version that has just come is looked at again each time.
        try await Task.sleep(for: .milliseconds(100))
        let caller = Caller()
        func leaves(_ body: () async throws -> Void) async throws -> Bool { try await caller.leaves(body) }
        #expect(try await leaves { _ = try await store.count() } == false)
        #expect(try await leaves { _ = try await store.search(query, refineFactor: nil) }, "opening the index")
        #expect(try await leaves { _ = try await store.search(query, refineFactor: nil) } == false)
        #expect(try await leaves { _ = try await store.search(query) }, "preparing the vectors")
        #expect(try await leaves { _ = try await store.search(query) } == false)
        #expect(try await leaves { _ = try await store.search(query, nprobes: 80_000, refineFactor: 8000) })
        #expect(try await leaves { _ = try await store.search(large) }, "all rows")
        let other = try place.store()
        #expect(try await leaves { _ = try await other.hasVectorIndex() }, "opening the index")
        #expect(try await leaves { _ = try await other.hasVectorIndex() } == false)
    }

    @Test func cancelledSearches() async throws {
        let place = try Place()
        let store = try await Self.store(place, rows: 400)
        let query = [Float](repeating: 0.25, count: Self.dimension)
        _ = try await store.search(query)
        for nprobes in [nil, 1, 64] {
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await failure { try await store.search(query, nprobes: nprobes) }
            }
            #expect(try await task.value.code == .cancelled)
        }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await failure { try await store.search(batch: query + query, nprobes: 1) }
        }
        #expect(try await task.value.code == .cancelled)
        #expect(try await store.search(query).count == 10)
    }

    /// Where codes say nothing about a query all rows are compared, and the explanation says so.
    @Test func queriesTooLargeForTheCodes() async throws {
        let place = try Place()
        let store = try await Self.store(place, rows: 400)
        let large = [Float](repeating: 1e30, count: Self.dimension)
        let answer = try await store.explain(large)
        #expect(answer.indexName == nil && answer.tailRows == 400, "\(answer)")
        #expect(
            answer.partitions == 0 && answer.partitionsProbed == 0 && answer.nprobes == 0 && answer.codesScanned == 0)
        #expect(answer.candidatesReranked == 0 && answer.bytesRead == 400 * Self.dimension * 4)
        #expect(answer.hits == (try await store.searchExactly(large, topK: 10)))
        #expect(answer.stages.map(\.name).contains("tail"))
        // Without an index the numbers are the same.
        let plain = try Place()
        let other = try plain.store(Options(durability: .relaxed))
        try await IndexBuildTests.fill(other, rows: 30, dimension: 4)
        let exact = try await other.explain([1, 2, 3, 4])
        #expect(exact.indexName == nil && exact.tailRows == 30 && exact.bytesRead == 30 * 4 * 4)
    }

    /// Several tasks that need the vectors first at the same time.
    @Test func theVectorsAreMadeOnce() async throws {
        let place = try Place()
        let store = try await Self.store(place, rows: 3000)
        let query = [Float](repeating: 0.25, count: Self.dimension)
        let expected = try await place.store().search(query, nprobes: 64)
        try await withThrowingTaskGroup(of: [Hit].self) { group in
            for _ in 0..<8 { group.addTask { try await store.search(query, nprobes: 64) } }
            for try await hits in group { #expect(hits == expected) }
        }
    }
}
