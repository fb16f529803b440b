// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import ObjectStorage
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
    private let isDistant: Bool
    private var store: LanceVectorStore
    private var rows: [String: Row] = [:]
    /// What each version held.
    private var versions: [Int: [String: Row]] = [:]
    private var tagged = Set<Int>()
    private var random: SplitMix64

    /// - Parameter isDistant: files are read a range at a time, and nothing of them is kept.
    static func run(_ history: History, isDistant: Bool = false) async throws {
        var run = try HistoryRun(history, isDistant)
        for (number, step) in history.steps.enumerated() {
            do {
                try await run.perform(step, number)
                try await run.verify()
            } catch {
                throw CheckFailure("step \(number) (\(step)): \(error)")
            }
        }
    }

    private init(_ history: History, _ isDistant: Bool) throws {
        self.history = history
        self.isDistant = isDistant
        place = try Place()
        store = try Self.open(place, history, isDistant)
        random = SplitMix64(seed: history.seed &+ 1)
    }

    private static func open(_ place: Place, _ history: History, _ isDistant: Bool) throws -> LanceVectorStore {
        let options = Options(threads: 1, durability: .relaxed, fileVersion: history.fileVersion)
        guard isDistant else { return try place.store(options) }
        return try LanceVectorStore(
            DistantStorage(LocalStorage(path: place.table), cacheBytes: 0), options: options)
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
        case .tag(let back):
            guard let version = old(back) else { return }
            try await store.createTag("tag-\(number)", version: .number(version))
            tagged.insert(version)
        case .cleanup(let keep): try await cleanup(keep)
        case .maintain:
            guard !versions.isEmpty else { return }
            let stats = try await store.maintain()
            try check(stats.cleaned?.versionsRemoved == [] && stats.left[.cleanup] == nil, "\(stats)")
        case .reopen: store = try Self.open(place, history, isDistant)
        }
        guard let version = try await store.version() else { return }
        if versions[version] == nil { versions[version] = rows }
    }

    /// The version that was the newest so many steps of change ago; nil where there is none.
    private func old(_ back: Int) -> Int? { versions.keys.sorted().dropLast(back).last }

    private mutating func cleanup(_ keep: Int) async throws {
        guard !versions.isEmpty else { return }
        let before = try await store.versions().map(\.version)
        let expected = try await store.cleanup(olderThan: .zero, keep: keep, dryRun: true)
        var stats = try await store.cleanup(olderThan: .zero, keep: keep)
        stats.durationSeconds = expected.durationSeconds
        try check(stats == expected, "\(stats) after a dry run of \(expected)")
        let gone = before.dropLast(keep).filter { !tagged.contains($0) }
        try check(stats.versionsRemoved == gone, "\(stats.versionsRemoved) went, not \(gone)")
        let left = try await store.versions().map(\.version)
        try check(left == before.filter { !gone.contains($0) }, "\(left) are left of \(before)")
        versions = versions.filter { left.contains($0.key) }
        // Nothing is young here that no version names: each writer ended its work.
        try check(stats.filesSpared == 0, "\(stats.filesSpared) files were spared")
        for version in [left.first, tagged.min()] {
            guard let version, let contents = versions[version] else { continue }
            try await verify(try store.at(.number(version)), contents)
        }
    }

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
        let ranking = oracle(query, rows.sorted { $0.key < $1.key }.map { ($0.key, $0.value.vector) }, rows.count)
        let distances = Dictionary(uniqueKeysWithValues: ranking.map { ($0.id, $0.distance) })
        // Of two that are as far but for the rounding of 32 bits either may come first.
        let isRight =
            hits.count == min(k, ranking.count) && Set(hits.map(\.docID)).count == hits.count
            && zip(hits, ranking).allSatisfy { hit, place in
                abs((distances[hit.docID] ?? .infinity) - place.distance) < 5e-7
            }
        try check(
            isRight,
            "a search finds \(hits.map { ($0.docID, $0.distance) }), not \(ranking.prefix(k).map { ($0.id, $0.distance) })"
        )
        for hit in hits {
            try check(hit.chunkText == rows[hit.docID]?.text, "the text of \(hit.docID) is \(hit.chunkText)")
        }
    }
}
