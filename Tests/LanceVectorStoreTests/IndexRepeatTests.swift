// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport
import Testing

/// The same index from the same seed, and from little memory as from much.
///
/// In processes of their own: other tests force the kernel level, which is the process's, or take memory.
struct IndexRepeatTests {
    @Test func theSeedDecides() async {
        await #expect(processExitsWith: .success) {
            await reportingErrors {
                for (metric, bits) in [(DistanceMetric.l2, 8), (.cosine, 8), (.cosine, 4), (.dot, 8)] {
                    let place = try Place()
                    try await IndexBuildTests.fill(place.store(), rows: 5000, dimension: 12)
                    var all: [[String: Data]] = []
                    for (threads, seed) in [(1, 7), (2, 7), (5, 7), (1, 8)] {
                        let store = try place.store(Options(threads: threads, durability: .relaxed))
                        all.append(
                            try await IndexRepeatTests.added(place) {
                                _ = try await store.buildIndex(
                                    numPartitions: 17, numBits: bits, metric: metric, seed: UInt64(seed))
                            })
                    }
                    try check(Set(all[0].keys) == ["auxiliary.idx", "index.idx"], "\(all[0].keys)")
                    try IndexRepeatTests.same(all[1], all[0], "\(metric), two threads and one")
                    try IndexRepeatTests.same(all[2], all[0], "\(metric), five threads and one")
                    try check(all[3]["index.idx"] != all[0]["index.idx"], "\(metric): the seed changes no centroid")
                    try check(all[3]["auxiliary.idx"] != all[0]["auxiliary.idx"], "\(metric): the seed changes no code")
                }
            }
        }
    }

    /// Throws where two builds differ, and says where.
    static func same(_ a: [String: Data], _ b: [String: Data], _ what: String) throws {
        for (name, bytes) in a {
            let other = b[name] ?? Data()
            let different = zip(bytes, other).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
            try check(
                bytes.count == other.count && different.isEmpty,
                "\(what): \(different.count) of \(bytes.count) bytes of \(name) (\(other.count)) differ, at "
                    + "\(different.prefix(5)) ... \(different.last ?? -1)")
        }
    }

    /// The index files that `body` adds, by their last name.
    static func added(_ place: Place, _ body: () async throws -> Void) async throws -> [String: Data] {
        let before = try place.files()
        try await body()
        let new = try place.files().filter { before[$0.key] == nil && $0.key.hasPrefix("_indices/") }
        return Dictionary(uniqueKeysWithValues: new.map { (URL(filePath: $0.key).lastPathComponent, $0.value) })
    }

    /// What the error of a budget that is too small asks for.
    static func need(_ place: Place, partitions: Int, bits: Int) async throws -> Int {
        let store = try place.store(Options(threads: 2, memoryBudget: 1))
        do {
            _ = try await store.buildIndex(numPartitions: partitions, numBits: bits, metric: .l2)
        } catch {
            let words = error.message.split(separator: " ")
            if let place = words.firstIndex(of: "needs"), let need = Int(words[place + 1]) { return need }
            throw CheckFailure("no number in '\(error)'")
        }
        throw CheckFailure("an index in one byte of memory")
    }

    @Test func littleMemoryMakesTheSameIndex() async {
        await #expect(processExitsWith: .success) {
            await reportingErrors {
                let place = try Place()
                // Codes and row ids of 3.6 MB, and a sample that needs less than the least that is left for them: 1 MiB.
                try await IndexBuildTests.fill(place.store(Options(durability: .relaxed)), rows: 300_000, dimension: 8)
                let need = try await IndexRepeatTests.need(place, partitions: 16, bits: 4)
                var all: [[String: Data]] = []
                for budget in [nil, need, need + 700_000] {
                    let store = try place.store(Options(threads: 2, durability: .relaxed, memoryBudget: budget))
                    all.append(
                        try await IndexRepeatTests.added(place) {
                            _ = try await store.buildIndex(numPartitions: 16, numBits: 4, metric: .l2)
                        })
                }
                for index in 1...2 { try IndexRepeatTests.same(all[index], all[0], "from less memory") }
                let files = try place.files()
                let store = try place.store(Options(threads: 2, memoryBudget: need - 1))
                do {
                    _ = try await store.buildIndex(numPartitions: 16, numBits: 4, metric: .l2)
                    throw CheckFailure("one byte less than is needed")
                } catch let error as StoreError {
                    try check(error.message.contains("\(need)") && error.message.contains("\(need - 1)"), "\(error)")
                }
                try check(try place.files() == files, "the failure left files")
            }
        }
    }

    @Test func theBudgetIsKept() async {
        await #expect(processExitsWith: .success) {
            await reportingErrors {
                let place = try Place()
                let rows = 100_000
                let dimension = 64
                try await IndexBuildTests.fill(
                    place.store(Options(durability: .relaxed)), rows: rows, dimension: dimension)
                let need = try await IndexRepeatTests.need(place, partitions: 100, bits: 8)
                for budget in [need, need + (8 << 20)] {
                    let store = try place.store(Options(threads: 2, durability: .relaxed, memoryBudget: budget))
                    ProcessGauge.resetPeakMemory()
                    guard let before = ProcessGauge.peakMemory else { return }
                    _ = try await store.buildIndex(numPartitions: 100, numBits: 8, metric: .l2)
                    guard let after = ProcessGauge.peakMemory else { return }
                    // Mapped files count as resident too.
                    let most = budget + rows * dimension * 4
                    try check(after - before < most, "\(after - before) bytes more, of which \(most) are allowed")
                    let query = [Float](repeating: 0.3, count: dimension)
                    let hits = try await store.search(query, topK: 10, nprobes: 100, refineFactor: 1000)
                    try check(
                        hits.map(\.docID) == (try await store.searchExactly(query, topK: 10)).map(\.docID), "hits")
                }
            }
        }
    }
}

/// Tells the parent process what was thrown: an error that leaves an exit test's body only ends the process.
private func reportingErrors(_ body: () async throws -> Void) async {
    do { try await body() } catch { Issue.record(error) }
}
