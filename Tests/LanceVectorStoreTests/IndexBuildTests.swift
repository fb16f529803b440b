// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import Synchronization
import TestSupport
import Testing

/// What becomes of a table when an index is not built: nothing.
struct IndexBuildTests {
    /// Rows of random vectors, one fragment.
    static func fill(_ store: LanceVectorStore, rows: Int, dimension: Int, seed: UInt64 = 1) async throws {
        var random = SplitMix64(seed: seed)
        _ = try await store.append(
            sources: Array(repeating: "s", count: rows), docIDs: (0..<rows).map { "d\($0)" },
            chunkIndices: Array(repeating: 0, count: rows), chunkTexts: (0..<rows).map { "text \($0)" },
            vectors: (0..<rows * dimension).map { _ in Float.random(in: -1...1, using: &random) }, dims: dimension)
    }

    private struct Wrong {
        var rows: Int
        var dimension: Int
        var partitions: Int?
        var bits = 8
        var subVectors: Int?
        var budget: Int?
        var words: [String]
        var absent: [String] = []
    }

    @Test func wrongParametersAreRefusedWithNumbersAndARemedy() async throws {
        let cases: [Wrong] = [
            Wrong(rows: 300, dimension: 8, bits: 5, words: ["8 or 4", "5"]),
            Wrong(rows: 300, dimension: 8, bits: 0, words: ["8 or 4", "0"]),
            Wrong(rows: 300, dimension: 8, bits: Int.max, words: ["8 or 4", "\(Int.max)"]),
            Wrong(rows: 300, dimension: 8, bits: Int.min, words: ["8 or 4", "\(Int.min)"]),
            Wrong(rows: 300, dimension: 8, partitions: 0, words: ["1", "0"]),
            Wrong(rows: 300, dimension: 8, partitions: Int.min, words: ["1", "\(Int.min)"]),
            Wrong(rows: 300, dimension: 8, partitions: 301, words: ["301", "300"]),
            Wrong(rows: 300, dimension: 8, partitions: Int.max, words: ["\(Int.max)", "300"]),
            Wrong(rows: 300, dimension: 8, subVectors: 3, words: ["8 dim", "3", "such as 8"]),
            Wrong(rows: 300, dimension: 96, subVectors: 7, words: ["96 dim", "7", "such as 48"]),
            Wrong(rows: 300, dimension: 8, subVectors: 0, words: ["8 dim", "0"]),
            Wrong(rows: 300, dimension: 8, subVectors: -8, words: ["8 dim", "-8"]),
            Wrong(rows: 300, dimension: 8, subVectors: 16, words: ["8 dim", "16"]),
            Wrong(rows: 300, dimension: 8, subVectors: Int.min, words: ["8 dim", "\(Int.min)"]),
            Wrong(rows: 300, dimension: 8, bits: 4, subVectors: 1, words: ["pairs", "1", "even divisor", "such as 8"]),
            Wrong(rows: 300, dimension: 8, bits: 4, subVectors: 3, words: ["8 dim", "3", "even divisor, such as 8"]),
            // A divisor would not help.
            Wrong(rows: 300, dimension: 7, bits: 4, words: ["7", "8 bits"], absent: ["such as"]),
            Wrong(rows: 300, dimension: 7, bits: 4, subVectors: 2, words: ["7", "8 bits"], absent: ["such as"]),
            Wrong(
                rows: 300, dimension: 9, bits: 4, subVectors: 3, words: ["pairs", "9", "8 bits"], absent: ["such as"]),
            Wrong(rows: 20, dimension: 9, bits: 4, words: ["pairs", "9", "8 bits", "256", "20"]),
            Wrong(rows: 255, dimension: 8, words: ["256", "255", "4 bits"]),
            Wrong(rows: 16, dimension: 8, words: ["256", "16", "4 bits"]),
            Wrong(rows: 255, dimension: 8, subVectors: 1, words: ["use 4 bits and an even", "such as 8"]),
            Wrong(rows: 255, dimension: 8, subVectors: 2, words: ["use 4 bits,"]),
            Wrong(rows: 255, dimension: 7, words: ["256", "255", "append"], absent: ["4 bits"]),
            Wrong(rows: 15, dimension: 8, words: ["256", "15", "without an index"], absent: ["4 bits"]),
            Wrong(rows: 15, dimension: 8, bits: 4, words: ["16", "15", "without an index"]),
            Wrong(rows: 300, dimension: 8, budget: 1, words: ["needs", "bytes", "the budget is 1", "raise it"]),
        ]
        for wrong in cases {
            let place = try Place()
            try await Self.fill(place.store(), rows: wrong.rows, dimension: wrong.dimension)
            let store = try place.store(Options(memoryBudget: wrong.budget))
            let files = try place.files()
            let query = [Float](repeating: 1, count: wrong.dimension)
            let hits = try await store.search(query)
            let error = try await failure {
                try await store.buildIndex(
                    numPartitions: wrong.partitions, numBits: wrong.bits, numSubVectors: wrong.subVectors, metric: .l2)
            }
            #expect(error.code == .invalidArgument)
            for word in wrong.words { #expect(error.message.contains(word), "'\(error.message)' lacks '\(word)'") }
            for word in wrong.absent { #expect(!error.message.contains(word), "'\(error.message)' has '\(word)'") }
            #expect(error.path != nil)
            #expect(try place.files() == files)
            #expect(agree(try await store.search(query), hits))
            #expect(try await !store.hasVectorIndex())
        }
    }

    @Test func withoutATableThereIsNothingToIndex() async throws {
        let place = try Place()
        let store = try place.store()
        #expect(try await failure { try await store.buildIndex() }.code == .notFound)
        #expect(try place.files().isEmpty)
        #expect(try await !store.hasVectorIndex())
    }

    @Test func defaults() async throws {
        for (rows, dimension, bits, partitions, subVectors) in [
            (256, 8, 8, 1, 8), (511, 8, 8, 1, 8), (512, 8, 8, 2, 8), (2600, 100, 4, 10, 20), (16, 6, 4, 1, 6),
            (300, 768, 8, 1, 48), (300, 97, 8, 1, 1), (300, 1023, 4, 1, 0), (256, 1024, 8, 1, 64),
            (256, 1000, 8, 1, 40), (16, 1536, 4, 1, 96), (16, 1030, 4, 1, 10),
        ] {
            let place = try Place()
            let store = try place.store(Options(durability: .relaxed))
            try await Self.fill(store, rows: rows, dimension: dimension)
            guard subVectors > 0 else {
                // No even divisor.
                #expect(try await failure { try await store.buildIndex(numBits: bits) }.code == .invalidArgument)
                continue
            }
            let stats = try await store.buildIndex(numBits: bits)
            #expect(
                stats.numPartitions == partitions && stats.numSubVectors == subVectors && stats.numBits == bits,
                "\(rows) x \(dimension): \(stats)")
            #expect(stats.name == "vec_idx" && stats.buildTimeSeconds > 0)
        }
    }

    @Test func theBytesAddedAreThoseOfTheFiles() async throws {
        let place = try Place()
        let store = try place.store()
        try await Self.fill(store, rows: 600, dimension: 8)
        for round in 0..<2 {
            let before = try place.files()
            let stats = try await store.buildIndex(numPartitions: 3 + round, metric: .l2)
            let added = try place.files().filter { before[$0.key] == nil }
            #expect(stats.diskBytesAdded == added.values.reduce(0) { $0 + $1.count })
            // Files that are there already are never touched.
            for (name, bytes) in before { #expect(try place.files()[name] == bytes, "\(name) has changed") }
        }
    }

    // MARK: Progress and cancellation

    @Test func progressGoesForward() async throws {
        let place = try Place()
        let store = try place.store(Options(threads: 2))
        try await Self.fill(store, rows: 3000, dimension: 8)
        let reports = Mutex<[IndexProgress]>([])
        _ = try await store.buildIndex(numPartitions: 20) { report in reports.withLock { $0.append(report) } }
        let seen = reports.withLock { $0 }
        let stages = IndexProgress.Stage.allCases
        #expect(seen.allSatisfy { (0...1).contains($0.fraction) })
        #expect(Set(seen.map(\.stage)).count == stages.count)
        let order = seen.compactMap { stages.firstIndex(of: $0.stage) }
        #expect(order == order.sorted())
        for stage in stages { #expect(seen.last { $0.stage == stage }?.fraction == 1, "\(stage) does not end") }
    }

    @Test(arguments: IndexProgress.Stage.allCases, [false, true])
    func cancellingLeavesTheTableAsItWas(at stage: IndexProgress.Stage, end: Bool) async throws {
        let place = try Place()
        let store = try place.store(Options(threads: 2))
        try await Self.fill(store, rows: 3000, dimension: 8)
        // Once where there was no index, once where there is another.
        for hasIndex in [false, true] {
            if hasIndex { _ = try await store.buildIndex(numPartitions: 7, numBits: 4, metric: .l2) }
            let files = try place.files()
            let query = [Float](repeating: 0.5, count: 8)
            let hits = try await store.search(query, topK: 20)
            let box = Mutex<Task<IndexStats, any Error>?>(nil)
            let reached = Atomic(false)
            let task = Task {
                while box.withLock({ $0 == nil }) { await Task.yield() }
                return try await store.buildIndex(numPartitions: 20, metric: .cosine, seed: 5) { report in
                    guard report.stage == stage, !end || report.fraction == 1 else { return }
                    reached.store(true, ordering: .relaxed)
                    box.withLock { $0?.cancel() }
                }
            }
            box.withLock { $0 = task }
            let error = try await failure { try await task.value }
            #expect(error.code == .cancelled && reached.load(ordering: .relaxed))
            #expect(try place.files() == files)
            #expect(try await store.hasVectorIndex() == hasIndex)
            #expect(agree(try await store.search(query, topK: 20), hits))
        }
    }

    @Test func aTaskThatIsCancelledBeforeBuildsNothing() async throws {
        let place = try Place()
        let store = try place.store()
        try await Self.fill(store, rows: 300, dimension: 4)
        let files = try place.files()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await store.buildIndex()
        }
        task.cancel()
        #expect(try await failure { try await task.value }.code == .cancelled)
        #expect(try place.files() == files)
    }
}
