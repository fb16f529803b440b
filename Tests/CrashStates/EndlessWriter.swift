// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceVectorStore
import TestSupport

/// Changes a table until it is killed, with full durability.
///
/// Before each call it prints what it is about to do, and after it that it is done, one line of JSON each, in one write:
///
///     {"do": "upsert", "put": {"k3": "text"}, "gone": []}
///     {"done": true}
///
/// `put` are ids with the texts that they then have, `gone` ids that are then deleted: enough to say what the table must
/// hold, whichever of the two lines was the last. Ids are drawn from a small range, so that the same rows come and go.
struct EndlessWriter {
    private struct Intent: Encodable {
        var `do`: String
        var put: [String: String] = [:]
        var gone: [String] = []
    }

    private let store: LanceVectorStore
    private let run: UInt64
    private var random: SplitMix64
    private static let dimension = 8
    private static let ids = 400

    init(path: String, seed: UInt64) throws {
        store = try LanceVectorStore(path: path, options: Options(threads: 1))
        run = seed
        random = SplitMix64(seed: seed)
    }

    mutating func run() async throws {
        var number = 0
        while true {
            try await step(number)
            number += 1
        }
    }

    private mutating func step(_ number: Int) async throws {
        let rows = try await store.version() == nil ? 0 : store.count()
        switch random.below(20) {
        case _ where rows < 40, 0..<5: try await append(number)
        case 5..<10: try await upsert(number)
        case 10..<14:
            let ids = self.ids(1 + random.below(30))
            try await perform(Intent(do: "delete", gone: ids)) { _ = try await $0.delete(docIDs: ids) }
        case 14..<16:
            let seed = random.next()
            try await perform(Intent(do: "index")) {
                _ = try await $0.buildIndex(numPartitions: 2, numBits: 4, numSubVectors: 4, seed: seed)
            }
        case 16: try await perform(Intent(do: "scalar-index")) { _ = try await $0.buildScalarIndex(column: "doc_id") }
        case 17: try await perform(Intent(do: "optimize")) { _ = try await $0.optimizeIndices() }
        case 18: try await perform(Intent(do: "compact")) { _ = try await $0.compact(targetRows: 200) }
        default:
            let name = "t\(run)-\(number)"
            try await perform(Intent(do: "tag")) {
                try await $0.createTag(name)
                try await $0.deleteTag(name)
            }
        }
    }

    private func perform(_ intent: Intent, _ body: (LanceVectorStore) async throws -> Void) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        say(try encoder.encode(intent))
        try await body(store)
        say(Data(#"{"done": true}"#.utf8))
    }

    private func say(_ line: Data) { FileHandle.standardOutput.write(line + [UInt8(ascii: "\n")]) }

    /// New ids, that no run has used before and none will again: an append does not look for its ids.
    private mutating func append(_ number: Int) async throws {
        let count = 10 + random.below(60)
        try await put((0..<count).map { "a\(run)-\(number)-\($0)" }, "append") { store, rows in
            _ = try await store.append(
                sources: rows.sources, docIDs: rows.ids, chunkIndices: Array(rows.ids.indices), chunkTexts: rows.texts,
                vectors: rows.vectors, dims: Self.dimension)
        }
    }

    private mutating func upsert(_ number: Int) async throws {
        try await put(ids(1 + random.below(40)), "upsert") { store, rows in
            _ = try await store.upsert(
                sources: rows.sources, docIDs: rows.ids, chunkIndices: Array(rows.ids.indices), chunkTexts: rows.texts,
                vectors: rows.vectors, dims: Self.dimension)
        }
    }

    private typealias Rows = (sources: [String], ids: [String], texts: [String], vectors: [Float])

    private mutating func put(_ ids: [String], _ what: String, _ body: (LanceVectorStore, Rows) async throws -> Void)
        async throws
    {
        let texts = ids.map { "\($0) by \(what) \(random.next())" }
        var vectors: [Float] = []
        for _ in 0..<ids.count * Self.dimension { vectors.append(Float.random(in: -1...1, using: &random)) }
        let rows = (ids.map { _ in "run \(run)" }, ids, texts, vectors)
        let intent = Intent(do: what, put: Dictionary(uniqueKeysWithValues: zip(ids, texts)))
        try await perform(intent) { try await body($0, rows) }
    }

    /// Different ones of the small range.
    private mutating func ids(_ count: Int) -> [String] {
        var found = Set<Int>()
        while found.count < count { found.insert(random.below(Self.ids)) }
        return found.sorted().map { "k\($0)" }
    }
}
