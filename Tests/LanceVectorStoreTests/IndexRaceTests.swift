// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import Synchronization
import TestSupport
import Testing

/// Searches while others append, delete and build: every answer is that of some version between call and return.
struct IndexRaceTests {
    /// What the table held, version by version.
    private final class History: Sendable {
        private struct State {
            var versions: [[ModelTable.Row]] = []
            var committed = 0
            var isOver = false
        }
        private let state = Mutex(State())

        /// Says what the next commit makes of the table.
        func announce(_ rows: [ModelTable.Row]) { state.withLock { $0.versions.append(rows) } }
        func commit() { state.withLock { $0.committed = $0.versions.count - 1 } }
        func finish() { state.withLock { $0.isOver = true } }
        var isOver: Bool { state.withLock { $0.isOver } }
        var committed: Int { state.withLock { $0.committed } }
        func versions(from first: Int) -> [[ModelTable.Row]] { state.withLock { Array($0.versions[first...]) } }
    }

    private static let dimension = 8

    private static func rows(_ count: Int, _ fragment: Int, _ random: inout SplitMix64) -> [ModelTable.Row] {
        (0..<count).map { row in
            ModelTable.Row(
                text: "\(fragment)/\(row)", id: "\(fragment)/\(row)",
                vector: (0..<dimension).map { _ in Float(Int.random(in: -9...9, using: &random)) },
                fragment: UInt32(fragment), offset: UInt32(row), chunk: row)
        }
    }

    /// Appends, again where an index was committed meanwhile.
    private static func append(_ rows: [ModelTable.Row], _ store: LanceVectorStore) async throws {
        while true {
            do {
                _ = try await store.append(
                    source: "s", docIDs: rows.map(\.id), chunkIndices: rows.map(\.chunk), chunkTexts: rows.map(\.text),
                    vectors: rows.map(\.vector))
                return
            } catch {
                try check(error.code == .conflict, "\(error)")
            }
        }
    }

    @Test func everyAnswerIsThatOfAVersion() async throws {
        let place = try Place()
        let store = try place.store(Options(durability: .relaxed))
        let history = History()
        var random = SplitMix64(seed: 31)
        let start = Self.rows(600, 0, &random)
        try await Self.append(start, store)
        _ = try await store.buildIndex(numPartitions: 8, metric: .l2)
        history.announce(start)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                let own = number % 2 == 0 ? store : try place.store(Options(threads: 1))
                group.addTask { try await Self.read(own, history, seed: UInt64(100 + number)) }
            }
            group.addTask {
                defer { history.finish() }
                try await Self.write(store, history, start)
                return 0
            }
            let builder = try place.store(Options(threads: 1, durability: .relaxed))
            group.addTask { try await Self.build(builder, history) }
            var answers = 0
            for try await count in group { answers += count }
            #expect(answers > 100)
        }
    }

    /// Appends and deletes.
    private static func write(_ store: LanceVectorStore, _ history: History, _ start: [ModelTable.Row]) async throws {
        var random = SplitMix64(seed: 32)
        var rows = start
        for number in 1...60 {
            if number % 3 == 0 {
                let gone = rows.filter { _ in random.chance(0.05) }
                let texts = Set(gone.map(\.text))
                rows.removeAll { texts.contains($0.text) }
                history.announce(rows)
                try await ForeignCommit(store).delete(
                    Dictionary(grouping: gone, by: \.fragment).mapValues { $0.map(\.offset) })
            } else {
                let fragment = number - number / 3
                let new = Self.rows(1 + random.below(60), fragment, &random)
                rows += new
                history.announce(rows)
                try await append(new, store)
            }
            history.commit()
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Builds both indices over and over; a build that finds rows deleted meanwhile says so.
    private static func build(_ store: LanceVectorStore, _ history: History) async throws -> Int {
        var random = SplitMix64(seed: 33)
        var built = 0
        while !history.isOver {
            await Task.yield()
            do {
                if random.chance(0.3) {
                    _ = try await store.buildScalarIndex(column: "doc_id")
                } else {
                    _ = try await store.buildIndex(
                        numPartitions: 1 + random.below(20), numBits: random.chance(0.5) ? 4 : 8, metric: .l2,
                        seed: random.next())
                }
                built += 1
            } catch {
                try check(error.code == .conflict, "\(error)")
            }
        }
        try check(built > 0, "no index was built")
        return 0
    }

    private static func read(_ store: LanceVectorStore, _ history: History, seed: UInt64) async throws -> Int {
        var random = SplitMix64(seed: seed)
        var answers = 0
        while !history.isOver {
            let query = (0..<dimension).map { _ in Float(Int.random(in: -9...9, using: &random)) }
            let k = 1 + random.below(20)
            let first = history.committed
            switch random.below(4) {
            case 0:
                let hits = try await store.search(query, topK: k)
                // Not all of the nearest, but rows of one version in order, each at its distance.
                try checkAny(history.versions(from: first), "\(hits)") { rows in
                    let vectors = Dictionary(uniqueKeysWithValues: rows.map { ($0.text, $0.vector) })
                    let distances = hits.map { hit in
                        vectors[hit.chunkText].map { ModelTable.distance(query, $0, .l2) }
                    }
                    return hits.count == min(k, rows.count) && distances == hits.map(\.distance)
                        && Set(hits.map(\.chunkText)).count == hits.count
                }
            case 1:
                let id = "\(random.below(30))/\(random.below(60))"
                let row = try await store.row(docID: id)
                try checkAny(history.versions(from: first), "row \(id)") { rows in
                    rows.first { $0.id == id }?.vector == row?.vector
                }
            default:
                let hits = try await store.search(query, topK: k, nprobes: Int.max, refineFactor: Int.max)
                let found = hits.map { ModelTable.Neighbor(distance: $0.distance, text: $0.chunkText) }
                try checkAny(history.versions(from: first), "\(found)") { rows in
                    var model = ModelTable()
                    model.rows = rows
                    model.index = (.l2, 1, [0])
                    model.fragments = [0]
                    return Array(model.ranked(query).prefix(k)) == found
                }
            }
            answers += 1
            // A search does not suspend, and the others need a thread as well.
            await Task.yield()
        }
        return answers
    }

    private static func checkAny(
        _ versions: [[ModelTable.Row]], _ what: String, _ isRight: ([ModelTable.Row]) -> Bool
    ) throws {
        try check(versions.contains(where: isRight), "of none of \(versions.count) versions: \(what)")
    }
}
