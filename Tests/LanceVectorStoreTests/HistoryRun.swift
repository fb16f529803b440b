// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import TestSupport

/// Runs a history on a store and on a dictionary, and compares the two after every step.
struct HistoryRun {
    private struct Row: Equatable {
        var vector: [Float]
        var source: Int
        var text: String
    }

    private let place: Place
    private let history: History
    private var store: LanceVectorStore
    private var rows: [String: Row] = [:]
    /// What each version held.
    private var versions: [Int: [String: Row]] = [:]
    private var random: SplitMix64

    static func run(_ history: History) async throws {
        var run = try HistoryRun(history)
        for (number, step) in history.steps.enumerated() {
            do {
                try await run.perform(step, number)
                try await run.verify()
            } catch {
                throw CheckFailure("step \(number) (\(step)): \(error)")
            }
        }
    }

    private init(_ history: History) throws {
        self.history = history
        place = try Place()
        store = try Self.open(place, history)
        random = SplitMix64(seed: history.seed &+ 1)
    }

    private static func open(_ place: Place, _ history: History) throws -> LanceVectorStore {
        try place.store(Options(threads: 1, durability: .relaxed, fileVersion: history.fileVersion))
    }

    // MARK: Steps

    private mutating func perform(_ step: History.Step, _ number: Int) async throws {
        switch step {
        case .append(let ids): try await append(ids.filter { rows["\($0)"] == nil }, number)
        case .upsert(let ids):
            let (made, given) = rows(ids, number)
            let known = ids.count { rows["\($0)"] != nil }
            let stats = try await store.upsert(
                sources: given.sources, docIDs: given.ids, chunkIndices: ids, chunkTexts: given.texts,
                vectors: given.vectors, dims: 4)
            try check(stats.rowsUpdated == known && stats.rowsInserted == ids.count - known, "\(stats), \(known) known")
            for (id, row) in made { rows[id] = row }
        case .delete(let ids):
            guard !versions.isEmpty else { return }
            let known = ids.count { rows["\($0)"] != nil }
            let stats = try await store.delete(docIDs: ids.map { "\($0)" })
            try check(stats.rowsDeleted == known, "\(stats.rowsDeleted) rows deleted, not \(known)")
            for id in ids { rows["\(id)"] = nil }
        case .deleteSource(let source):
            guard !versions.isEmpty else { return }
            let stats = try await store.delete(where: .source("source \(source)"))
            let before = rows.count
            rows = rows.filter { $0.value.source != source }
            try check(stats.rowsDeleted == before - rows.count, "\(stats.rowsDeleted) rows deleted")
        case .index:
            guard rows.count >= 16 else { return }
            _ = try await store.buildIndex(
                numPartitions: 3, numBits: 4, numSubVectors: 2, metric: .cosine, seed: UInt64(number))
        case .scalarIndex:
            guard !rows.isEmpty else { return }
            _ = try await store.buildScalarIndex(column: "doc_id")
        case .optimize:
            guard !versions.isEmpty else { return }
            let expected = try await store.optimizeIndices(dryRun: true)
            let stats = try await store.optimizeIndices()
            try check(stats.indices == expected.indices, "\(stats.indices) after a dry run of \(expected.indices)")
            try check(try await store.optimizeIndices(dryRun: true).indices.isEmpty, "there is still something to do")
        case .compact(let target):
            guard !versions.isEmpty else { return }
            let stats = try await store.compact(targetRows: target)
            try check(stats.rowsRewritten <= rows.count, "\(stats.rowsRewritten) rows of \(rows.count)")
        case .restore(let back):
            guard let version = old(back), let contents = versions[version] else { return }
            _ = try await store.restore(.number(version))
            rows = contents
        case .lookAt(let back):
            guard let version = old(back), let contents = versions[version] else { return }
            let then = try store.at(.number(version))
            try await verify(then, contents)
        case .reopen: store = try Self.open(place, history)
        }
        guard let version = try await store.version() else { return }
        if versions[version] == nil { versions[version] = rows }
    }

    /// The version that was the newest so many steps of change ago; nil where there is none.
    private func old(_ back: Int) -> Int? { versions.keys.sorted().dropLast(back).last }

    private mutating func append(_ ids: [Int], _ number: Int) async throws {
        let (made, given) = rows(ids, number)
        let stats = try await store.append(
            sources: given.sources, docIDs: given.ids, chunkIndices: ids, chunkTexts: given.texts,
            vectors: given.vectors, dims: 4)
        try check(stats.rowsAppended == ids.count, "\(stats.rowsAppended) rows appended, not \(ids.count)")
        for (id, row) in made { rows[id] = row }
    }

    /// Rows that a step makes: the same for the same step of the same history.
    private func rows(_ ids: [Int], _ number: Int) -> (
        made: [String: Row], given: (sources: [String], ids: [String], texts: [String], vectors: [Float])
    ) {
        var made: [String: Row] = [:]
        var given: (sources: [String], ids: [String], texts: [String], vectors: [Float]) = ([], [], [], [])
        for id in ids {
            var random = SplitMix64(seed: history.seed &* 1_000_003 &+ UInt64(number * 1000 + id))
            let row = Row(
                vector: random.vector(4), source: random.below(History.sources), text: "row \(id) of step \(number)")
            made["\(id)"] = row
            given.sources.append("source \(row.source)")
            given.ids.append("\(id)")
            given.texts.append(row.text)
            given.vectors += row.vector
        }
        return (made, given)
    }

    // MARK: Comparing

    private mutating func verify() async throws {
        guard !versions.isEmpty else { return }
        try await verify(store, rows)
    }

    private mutating func verify(_ store: LanceVectorStore, _ rows: [String: Row]) async throws {
        let count = try await store.count()
        try check(count == rows.count, "\(count) rows, not \(rows.count)")
        for _ in 0..<3 {
            let id = "\(random.below(170))"
            let found = try await store.row(docID: id)
            let row = rows[id]
            try check(
                found.map {
                    Row(vector: $0.vector, source: Int($0.source?.dropFirst(7) ?? "") ?? -1, text: $0.chunkText)
                }
                    == row, "row \(id) is \(String(describing: found)), not \(String(describing: row))")
        }
        let query = random.vector(4)
        let k = 1 + random.below(12)
        let hits = try await store.search(query, topK: k, nprobes: 100, refineFactor: 1000)
        let expected = oracle(query, rows.sorted { $0.key < $1.key }.map { ($0.key, $0.value.vector) }, k)
        try check(
            hits.map(\.docID) == expected.map(\.id),
            "a search finds \(hits.map { ($0.docID, $0.distance) }), not \(expected)")
        for hit in hits {
            try check(hit.chunkText == rows[hit.docID]?.text, "the text of \(hit.docID) is \(hit.chunkText)")
        }
    }
}
