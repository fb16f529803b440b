// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import ObjectStorage
import Synchronization
import TestSupport
import Testing

/// How old an answer may be, by a clock that the test sets.
struct ConsistencyTests {
    private final class Clock: Sendable {
        private let instant = Mutex(ContinuousClock.now)

        var now: ContinuousClock.Instant { instant.withLock { $0 } }

        func pass(_ time: Duration) { instant.withLock { $0 += time } }
    }

    private let clock = Clock()
    private let storage = DistantStorage(MemoryStorage())
    private static let query: [Float] = [1, 0.5, 0, 0]

    private func store(_ interval: Duration?, _ storage: (any ObjectStorage)? = nil) throws -> LanceVectorStore {
        try LanceVectorStore(
            storage ?? self.storage, options: Options(durability: .relaxed, consistencyInterval: interval),
            now: { [clock] in clock.now })
    }

    private func append(_ ids: [String], _ store: LanceVectorStore) async throws {
        _ = try await store.append(
            source: "s", docIDs: ids, chunkIndices: ids.map { _ in 0 }, chunkTexts: ids.map { "text \($0)" },
            vectors: ids.map { [Float($0.utf8.count), 1, 2, 3] })
    }

    private func upsert(_ ids: [String], _ store: LanceVectorStore) async throws -> UpsertStats {
        try await store.upsert(
            source: "s", docIDs: ids, chunkIndices: ids.map { _ in 0 }, chunkTexts: ids.map { "new \($0)" },
            vectors: ids.map { _ in [4, 3, 2, 1] })
    }

    private func requests(_ body: () async throws -> Void) async throws -> Int {
        let before = storage.counter.requests
        try await body()
        return storage.counter.requests - before
    }

    @Test func repeatedCallsAskForNothing() async throws {
        try await append(["a", "b", "c"], try store(nil))
        let store = try store(.seconds(10))
        func look() async throws {
            #expect(try await store.search(Self.query, topK: 2).count == 2)
            #expect(try await store.search(batch: Self.query + Self.query, topK: 2).count == 2)
            #expect(try await store.explain(Self.query).hits.count == 3)
            #expect(try await store.row(docID: "b")?.chunkText == "text b")
            #expect(try await store.count() == 3)
            #expect(try await store.version() == 1)
            #expect(try await !store.hasVectorIndex())
            #expect(try await !store.hasScalarIndex(column: "doc_id"))
        }
        #expect(try await requests(look) > 1)
        #expect(try await requests(look) == 0)
        clock.pass(.seconds(9))
        #expect(try await requests(look) == 0)
        for _ in 0..<3 {
            clock.pass(.seconds(10))
            #expect(try await requests(look) == 1)
            #expect(try await requests(look) == 0)
        }
        // A listing, for the bytes; and what lists anyway looks anew.
        #expect(try await requests { _ = try await store.stats() } == 1)
        #expect(try await requests { _ = try await store.versions() } > 2)
    }

    @Test(arguments: [nil, .zero] as [Duration?]) func withoutAnInterval(_ interval: Duration?) async throws {
        let (store, other) = (try store(interval), try store(nil))
        for number in 1..<5 {
            try await append(["\(number)"], other)
            #expect(try await store.count() == number)
            #expect(try await requests { _ = try await store.count() } == 1)
        }
    }

    @Test func ownCommitsAreSeenAtOnce() async throws {
        let store = try store(.seconds(10))
        #expect(try await store.version() == nil)
        #expect(try await !store.stats().hasVectorIndex)
        try await append(["a", "b"], store)
        #expect(try await requests { _ = try await store.count() } == 0)
        #expect(try await store.count() == 2)
        #expect(try await store.row(docID: "b")?.docID == "b")
        _ = try await store.buildScalarIndex(column: "doc_id")
        #expect(try await store.hasScalarIndex(column: "doc_id"))
        #expect(try await store.delete(docIDs: ["b"]).rowsDeleted == 1)
        #expect(try await store.row(docID: "b") == nil)
        #expect(try await store.search(Self.query).map(\.docID) == ["a"])
        #expect(try await upsert(["a", "c"], store).rowsUpdated == 1)
        #expect(try await store.row(docID: "a")?.chunkText == "new a")
        _ = try await store.compact()
        #expect(try await store.search(Self.query).count == 2)
        let restored = try await store.restore(.number(1))
        #expect(try await store.version() == restored)
        #expect(try await store.count() == 2)
        #expect(try await store.row(docID: "b")?.chunkText == "text b")
        #expect(try await store.at(.number(1)).count() == 2)
    }

    @Test func commitsOfOthersAreSeenAfterwards() async throws {
        let (store, other) = (try store(.seconds(10)), try store(nil))
        #expect(try await store.version() == nil)
        // There is nothing whose age could be told.
        try await append(["a"], other)
        #expect(try await store.count() == 1)
        clock.pass(.seconds(5))
        try await append(["b"], other)
        clock.pass(.milliseconds(4999))
        #expect(try await store.count() == 1)
        #expect(try await store.row(docID: "b") == nil)
        clock.pass(.milliseconds(1))
        #expect(try await store.count() == 2)
        #expect(try await store.row(docID: "b") != nil)
        // What writes has looked.
        try await append(["c"], other)
        #expect(try await store.count() == 2)
        #expect(try await store.delete(docIDs: ["nobody"]).rowsDeleted == 0)
        #expect(try await store.count() == 3)
        try await append(["d"], other)
        try await append(["e"], store)
        #expect(try await store.count() == 5)
    }

    /// Calls that write work on what is there now, whatever their store saw before.
    @Test func staleViewsWriteWhatIsRight() async throws {
        let (store, other) = (try store(.seconds(3600)), try store(nil))
        try await append(["a", "b", "c"], other)
        func view() async throws { #expect(try await store.count() >= 0) }
        try await view()
        try await append(["d"], other)
        #expect(try await store.delete(docIDs: ["d", "a"]).rowsDeleted == 2)
        #expect(try await other.count() == 2)
        #expect(try await upsert(["e"], other).rowsInserted == 1)
        #expect(try await upsert(["e", "f"], store).rowsUpdated == 1)
        #expect(try await other.count() == 4)
        #expect(try await other.delete(docIDs: ["b"]).rowsDeleted == 1)
        #expect(try await upsert(["b"], store).rowsInserted == 1)
        #expect(try await other.delete(docIDs: ["f"]).rowsDeleted == 1)
        try await append(["g"], store)
        #expect(Set(try await other.search(Self.query).map(\.docID)) == ["b", "c", "e", "g"])
        #expect(Set(try await store.search(Self.query).map(\.docID)) == ["b", "c", "e", "g"])
        #expect(try await other.count() == 4)
    }

    /// Files of a version that is used beyond its time may be gone: then the newest one is used.
    @Test func cleanedUpMeanwhile() async throws {
        let inner = MemoryStorage()
        let (store, other) = (
            try store(.seconds(3600), DistantStorage(inner, cacheBytes: 0)), try self.store(nil, inner)
        )
        try await append(["a", "b"], other)
        try await append(["c"], other)
        #expect(try await store.count() == 3)
        #expect(try await other.compact(targetRows: 100).fragmentsRemoved == 2)
        try await append(["d"], other)
        // Times of versions have milliseconds.
        try await Task.sleep(for: .milliseconds(5))
        #expect(try await other.cleanup(olderThan: .zero).versionsRemoved.isEmpty == false)
        #expect(try await store.row(docID: "d")?.docID == "d")
        #expect(try await store.search(Self.query).count == 4)
    }

    @Test func versionsDoNotChange() async throws {
        let (other, later) = (try store(nil), try store(.seconds(10)))
        try await append(["a"], other)
        try await other.createTag("t")
        let pinned = try later.at(.tag("t"))
        #expect(try await pinned.count() == 1)
        try await append(["b"], other)
        try await other.deleteTag("t")
        try await other.createTag("t")
        // A name may be given to another version, and is looked up each time.
        #expect(try await pinned.count() == 2)
    }

    /// Any calls of two stores: what is seen is never older than the interval, never older than what was seen or written
    /// before, and always whole.
    @Test func anyHistory() async throws {
        for seed in 0..<15 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let storage = MemoryStorage()
            let interval = Duration.seconds(5)
            let (store, other) = (try self.store(interval, storage), try self.store(nil, storage))
            try await append(["first"], other)
            // Of each version: when it was made, and its rows.
            var versions: [Int: (time: ContinuousClock.Instant, rows: Int)] = [1: (clock.now, 1)]
            var newest = 1
            var least = 1
            for step in 0..<60 {
                let isOwn = random.chance(0.3)
                let writer = isOwn ? store : other
                switch random.below(6) {
                case 0:
                    try await append(["\(step)", "\(step) b"], writer)
                    newest += 1
                    versions[newest] = (clock.now, (versions[newest - 1]?.rows ?? 0) + 2)
                    if isOwn { least = newest }
                case 1:
                    let deleted = try await writer.delete(docIDs: ["\(step - 1 - random.below(5))"]).rowsDeleted
                    if deleted > 0 {
                        newest += 1
                        versions[newest] = (clock.now, (versions[newest - 1]?.rows ?? 0) - deleted)
                        if isOwn { least = newest }
                    }
                case 2: clock.pass(.milliseconds(random.below(7000)))
                default:
                    let seen = try await store.version() ?? 0
                    try check(seen >= least && seen <= newest, "seed \(seed): \(seen) after \(least)")
                    least = seen
                    let now = clock.now
                    for version in seen + 1..<newest + 1 {
                        let age = versions[version].map { now - $0.time } ?? .zero
                        try check(age < interval, "seed \(seed), step \(step): version \(version) of \(age) ago")
                    }
                    let rows = try await store.count()
                    try check(rows == versions[seen]?.rows, "seed \(seed), step \(step): \(rows) rows")
                }
            }
            #expect(try await other.count() == versions[newest]?.rows)
        }
    }

    /// One store, many tasks: each sees what it committed, also where moments cannot be told apart.
    @Test(arguments: [false, true]) func manyTasks(isClockSlow: Bool) async throws {
        let interval = Options(durability: .relaxed, consistencyInterval: .seconds(3600))
        let store = isClockSlow ? try store(.seconds(3600)) : try LanceVectorStore(storage, options: interval)
        let other = try self.store(nil)
        try await append(["first"], store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    var last = 0
                    for step in 0..<8 {
                        try await append(["\(task)-\(step)"], task == 0 ? other : store)
                        if task > 0 {
                            let row = try await store.row(docID: "\(task)-\(step)")
                            try check(row != nil, "\(task)-\(step) is not there")
                        }
                        let seen = try await store.version() ?? 0
                        try check(seen >= last, "\(seen) after \(last)")
                        last = seen
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await other.count() == 65)
    }
}
