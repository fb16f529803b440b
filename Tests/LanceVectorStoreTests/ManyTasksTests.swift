// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import TestSupport
import Testing

/// One store, sixteen tasks, every call. Run under the thread sanitizer too:
/// `swift test --sanitize thread --filter ManyTasksTests`.
struct ManyTasksTests {
    private static let tasks = 16
    private static let steps = 25

    /// What a task knows of its own rows, which no other task changes.
    private struct Own {
        let number: Int
        var texts: [String: String] = [:]
        var made = 0

        mutating func rows(_ count: Int, _ random: inout SplitMix64, _ ids: [String]? = nil) -> (
            ids: [String], texts: [String], vectors: [Float]
        ) {
            var made: (ids: [String], texts: [String], vectors: [Float]) = ([], [], [])
            for index in 0..<(ids?.count ?? count) {
                self.made += 1
                made.ids.append(ids?[index] ?? "\(number)-\(self.made)")
                made.texts.append("text \(self.made) of task \(number)")
                made.vectors += random.vector(8)
            }
            return made
        }
    }

    private static func isRetryable(_ error: StoreError) -> Bool { error.code == .conflict }

    private static func step(_ store: LanceVectorStore, _ own: inout Own, _ random: inout SplitMix64) async throws {
        func sources(_ rows: (ids: [String], texts: [String], vectors: [Float])) -> [String] {
            rows.ids.map { _ in "task \(own.number)" }
        }
        switch random.below(20) {
        case 0..<5:
            let rows = own.rows(1 + random.below(5), &random)
            _ = try await store.append(
                sources: sources(rows), docIDs: rows.ids, chunkIndices: rows.ids.map { _ in 0 }, chunkTexts: rows.texts,
                vectors: rows.vectors, dims: 8)
            for (id, text) in zip(rows.ids, rows.texts) { own.texts[id] = text }
        case 5..<8:
            let rows = own.rows(0, &random, Array(own.texts.keys.sorted().prefix(3)))
            guard !rows.ids.isEmpty else { return }
            let stats = try await store.upsert(
                sources: sources(rows), docIDs: rows.ids, chunkIndices: rows.ids.map { _ in 0 }, chunkTexts: rows.texts,
                vectors: rows.vectors, dims: 8)
            try check(stats.rowsUpdated == rows.ids.count, "\(stats)")
            for (id, text) in zip(rows.ids, rows.texts) { own.texts[id] = text }
        case 8..<10:
            guard let id = own.texts.keys.sorted().last else { return }
            try check(try await store.delete(docIDs: [id]).rowsDeleted == 1, "\(id) was not deleted")
            own.texts[id] = nil
        case 10..<14:
            let hits = try await store.search(random.vector(8), topK: 5, nprobes: 4, refineFactor: 4)
            try check(hits.allSatisfy { $0.chunkText.hasSuffix("of task \($0.docID.prefix { $0 != "-" })") }, "\(hits)")
        case 14..<17:
            let id = own.texts.keys.sorted().first ?? "none"
            try check(try await store.row(docID: id)?.chunkText == own.texts[id], "row \(id)")
        case 17: _ = try await (store.count(), store.stats(), store.versions().count)
        case 18:
            switch random.below(4) {
            case 0: _ = try await store.optimizeIndices()
            case 1: _ = try await store.compact(targetRows: 200)
            case 2: _ = try await store.buildScalarIndex(column: "doc_id")
            default: _ = try await store.buildIndex(numPartitions: 2, numSubVectors: 4)
            }
        default:
            if random.chance(0.5) {
                _ = try await store.cleanup(olderThan: .seconds(3600))
            } else {
                _ = try await store.maintain()
            }
        }
    }

    @Test(.timeLimit(.minutes(30))) func everyCallAtOnce() async throws {
        let place = try Place()
        let store = try place.store(Options(threads: 2, durability: .relaxed))
        var random = SplitMix64(seed: 1)
        var first = Own(number: 0)
        let rows = first.rows(300, &random)
        _ = try await store.append(
            sources: rows.ids.map { _ in "first" }, docIDs: rows.ids, chunkIndices: rows.ids.map { _ in 0 },
            chunkTexts: rows.texts, vectors: rows.vectors, dims: 8)
        let expected = try await withThrowingTaskGroup(of: [String: String].self) { group in
            for number in 1...Self.tasks {
                group.addTask {
                    var random = SplitMix64(seed: UInt64(number))
                    var own = Own(number: number)
                    for _ in 0..<Self.steps {
                        do {
                            try await Self.step(store, &own, &random)
                        } catch let error as StoreError where Self.isRetryable(error) {
                            continue
                        }
                    }
                    return own.texts
                }
            }
            return try await group.reduce(into: [:]) { $0.merge($1) { _, new in new } }
        }
        #expect(try await store.count() == 300 + expected.count)
        for (id, text) in expected { #expect(try await store.row(docID: id)?.chunkText == text) }
    }
}
