// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport
import Testing

struct MaintenanceTests {
    private func append(_ ids: Range<Int>, _ store: LanceVectorStore) async throws {
        var random = SplitMix64(seed: UInt64(ids.lowerBound))
        _ = try await store.append(
            sources: ids.map { "source \($0 % 3)" }, docIDs: ids.map { "\($0)" }, chunkIndices: Array(ids),
            chunkTexts: ids.map { "text \($0)" }, vectors: ids.flatMap { _ in random.vector(8) }, dims: 8)
    }

    private func store(_ place: Place) throws -> LanceVectorStore { try place.store(Options(durability: .relaxed)) }

    @Test func nothingToDo() async throws {
        let place = try Place()
        let store = try store(place)
        #expect(try await failure { try await store.maintain() }.code == .notFound)
        try await append(0..<100, store)
        let files = try place.files()
        for dryRun in [true, false] {
            let stats = try await store.maintain(dryRun: dryRun)
            #expect(stats.optimized == nil && stats.compacted == nil && stats.left.isEmpty)
            #expect(stats.cleaned?.filesRemoved == 0 && stats.cleaned?.versionsKept == 1)
        }
        #expect(try place.files() == files)
    }

    @Test func doesWhatPays() async throws {
        let place = try Place()
        let store = try store(place)
        try await append(0..<2000, store)
        _ = try await store.buildIndex(numPartitions: 4, numSubVectors: 4)
        // A small tail and few fragments cost less than to do something about it.
        try await append(2000..<2100, store)
        var stats = try await store.maintain()
        #expect(stats.optimized == nil && stats.compacted == nil)
        #expect(stats.left.keys.map(\.rawValue) == ["optimize"])
        for start in stride(from: 2100, to: 3100, by: 250) { try await append(start..<start + 250, store) }
        let files = try place.files()
        let expected = try await store.maintain(dryRun: true)
        #expect(try place.files() == files, "a dry run changes nothing")
        stats = try await store.maintain()
        #expect(stats.optimized?.indices.map(\.rowsAdded) == [1100])
        #expect(expected.optimized?.indices == stats.optimized?.indices)
        // The first fragment has more than half of the rows and stays.
        #expect(stats.compacted?.fragmentsRemoved == 5 && stats.compacted?.rowsRewritten == 1100)
        #expect(expected.compacted?.fragmentsRemoved == 5 && (stats.compacted?.diskBytesReplaced ?? 0) > 0)
        #expect(stats.left.isEmpty)
        let again = try await store.maintain()
        #expect(again.optimized == nil && again.compacted == nil && again.left.isEmpty)
        // Deleted rows are worth it alone.
        #expect(try await store.delete(docIDs: (0..<400).map { "\($0)" }).rowsDeleted == 400)
        stats = try await store.maintain()
        #expect(stats.compacted?.rowsDropped == 400)
        #expect(try await store.count() == 2700)
        #expect(try await store.row(docID: "3099")?.chunkText == "text 3099")
    }

    @Test func theBudget() async throws {
        let place = try Place()
        let store = try store(place)
        for start in 0..<6 { try await append(start * 10..<start * 10 + 10, store) }
        let stats = try await store.maintain(budget: .zero)
        #expect(
            stats.compacted == nil && stats.left.keys.map(\.rawValue).sorted() == ["cleanup", "compact", "optimize"])
        #expect(try await store.maintain().compacted?.fragmentsRemoved == 6)
        #expect(try await failure { try await store.maintain(budget: .seconds(-1)) }.code == .invalidArgument)
    }

    @Test func cleanups() async throws {
        let place = try Place()
        let store = try store(place)
        #expect(try await failure { try await store.cleanup() }.code == .notFound)
        for start in 0..<5 { try await append(start * 10..<start * 10 + 10, store) }
        _ = try await store.compact()
        #expect(try await store.cleanup().filesRemoved == 0, "all versions are young")
        try await store.createTag("three", version: .number(3))
        let stray = place.table + "/data/stray.lance"
        try Data([1, 2, 3]).write(to: URL(filePath: stray))
        let stats = try await store.cleanup(olderThan: .zero, keep: 2)
        #expect(stats.versionsRemoved == [1, 2, 4, 5] && stats.versionsKept == 3)
        #expect(stats.filesSpared == 1 && stats.bytesSpared == 3 && stats.bytesFreed > 0)
        #expect(try await store.versions().map(\.version) == [3, 6, 7])
        #expect(try await store.at(.tag("three")).count() == 30)
        #expect(try await store.row(docID: "49")?.chunkText == "text 49")
        #expect(try await store.cleanup(olderThan: .zero, gracePeriod: .zero).filesRemoved >= 1)
        #expect(!FileManager.default.fileExists(atPath: stray))
        #expect(try await store.at(.tag("three")).count() == 30)
        try await store.deleteTag("three")
        #expect(try await store.cleanup(olderThan: .zero).versionsRemoved == [3])
        #expect(try await store.count() == 50)
        for (keep, older, grace) in [(0, 1, 1), (1, -1, 1), (1, 1, -1)] {
            let error = try await failure {
                try await store.cleanup(olderThan: .seconds(older), keep: keep, gracePeriod: .seconds(grace))
            }
            #expect(error.code == .invalidArgument)
        }
        #expect(try await failure { try await store.at(.number(7)).cleanup() }.code == .unsupported)
        #expect(try await failure { try await store.at(.number(7)).flush() }.code == .unsupported)
    }

    @Test func flushes() async throws {
        let place = try Place()
        let store = try store(place)
        #expect(try await failure { try await store.flush() }.code == .notFound)
        try await append(0..<100, store)
        _ = try await store.buildScalarIndex(column: "doc_id")
        _ = try await store.delete(docIDs: ["7"])
        try await store.createTag("x")
        let files = try place.files()
        try await store.flush()
        #expect(try place.files() == files)
    }
}
