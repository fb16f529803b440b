// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport

/// Does random things to a table and to a model of it, and compares what they answer.
struct IndexedModel {
    let place: Place
    let dimension: Int
    var random: SplitMix64
    var model = ModelTable()
    /// Stores of the same table; each sees what the others did.
    var stores: [LanceVectorStore]
    /// What was done, for the message of a failure.
    private(set) var last = ""
    private(set) var counts: [String: Int] = [:]
    private let mostRows: Int

    init(seed: UInt64) throws {
        random = SplitMix64(seed: seed)
        place = try Place()
        dimension = 8 + random.below(9)
        mostRows = [150, 600, 1500, 3000][random.below(4)]
        stores = [try place.store(Options(threads: 1, durability: .relaxed))]
    }

    var store: LanceVectorStore { stores[0] }

    private mutating func pickStore() -> LanceVectorStore { stores[random.below(stores.count)] }

    mutating func step() async throws {
        let actions: [(String, Int)] = [
            ("append", model.rows.count < mostRows ? 14 : 1), ("search all", 22), ("search some", 30),
            ("search by codes", 8), ("batch", 6), ("exact", 8), ("get", 30), ("stats", 5), ("delete", 8), ("drop", 1),
            ("vector index", 3), ("scalar index", 3), ("reopen", 3),
        ]
        var number = random.below(actions.reduce(0) { $0 + $1.1 })
        var action = "append"
        if !model.fragments.isEmpty {
            for (name, weight) in actions {
                if number < weight {
                    action = name
                    break
                }
                number -= weight
            }
        }
        last = action
        counts[action, default: 0] += 1
        switch action {
        case "append": try await append()
        case "search all": try await searchAll()
        case "search some": try await searchSome()
        case "search by codes": try await searchByCodes()
        case "batch": try await searchBatch()
        case "exact": try await searchExactly()
        case "get": try await get()
        case "stats": try await stats()
        case "delete": try await delete()
        case "drop": try await drop()
        case "vector index": try await buildVectorIndex()
        case "scalar index": try await buildScalarIndex()
        default: try reopen()
        }
    }

    // MARK: Changes

    mutating func vector() -> [Float] {
        // Few directions now and then: rows that are equal, and whole partitions of them.
        let most = random.chance(0.1) ? 1 : 8
        return (0..<dimension).map { _ in Float(Int.random(in: -most...most, using: &random)) }
    }

    private mutating func rowVector() -> [Float] {
        if random.chance(0.08), let row = model.rows.randomElement(using: &random) { return row.vector }
        var vector = vector()
        if random.chance(0.01) { vector = vector.map { _ in 0 } }
        if random.chance(0.01) { vector[random.below(dimension)] = [.nan, .infinity, -.infinity][random.below(3)] }
        return vector
    }

    private mutating func append() async throws {
        let count = 1 + random.below(random.chance(0.2) ? max(mostRows / 2, 2) : 60)
        var rows: [ModelTable.Row] = []
        for offset in 0..<count {
            let vector = rowVector()
            // Some ids are there twice, and some come back after a deletion.
            let id = random.chance(0.1) ? "d\(random.below(model.serial + 1))" : "d\(model.serial)"
            rows.append(
                ModelTable.Row(
                    text: "text \(model.serial)", id: id, vector: vector, fragment: model.nextFragment,
                    offset: UInt32(offset), chunk: model.serial % 1000))
            model.serial += 1
        }
        _ = try await pickStore().append(
            sources: rows.map { "source of \($0.id)" }, docIDs: rows.map(\.id), chunkIndices: rows.map(\.chunk),
            chunkTexts: rows.map(\.text), vectors: rows.flatMap(\.vector), dims: dimension)
        model.rows += rows
        model.fragments.append(model.nextFragment)
        model.nextFragment += 1
    }

    private mutating func delete() async throws {
        var part = [0.002, 0.02, 0.2][random.below(3)]
        var only: UInt32?
        // All rows of one fragment now and then.
        if random.chance(0.15) { (part, only) = (1, model.fragments[random.below(model.fragments.count)]) }
        var gone: [UInt32: [UInt32]] = [:]
        var left: [ModelTable.Row] = []
        for row in model.rows {
            if only == nil || only == row.fragment, random.chance(part) {
                gone[row.fragment, default: []].append(row.offset)
            } else {
                left.append(row)
            }
        }
        try await ForeignCommit(pickStore()).delete(gone)
        model.rows = left
    }

    private mutating func drop() async throws {
        guard model.fragments.count > 2 else { return }
        let gone = Set(model.fragments.filter { _ in random.chance(0.2) })
        guard gone.count < model.fragments.count else { return }
        try await ForeignCommit(pickStore()).drop(gone)
        model.rows.removeAll { gone.contains($0.fragment) }
        model.fragments.removeAll { gone.contains($0) }
    }

    private mutating func buildVectorIndex() async throws {
        let metric = DistanceMetric.allCases[random.below(3)]
        let bits = random.chance(0.5) ? 8 : 4
        let rows = model.eligible(metric)
        let partitions = random.chance(0.3) ? nil : 1 + random.below(min(max(rows, 1), 40))
        let divisors = (1...dimension).filter { dimension % $0 == 0 && (bits == 8 || $0 % 2 == 0) }
        let mayChoose = !(divisors.isEmpty || random.chance(0.3))
        let subVectors = mayChoose ? divisors[random.below(divisors.count)] : nil
        let seed = random.next()
        last += " \(metric) \(bits) bits, \(partitions ?? -1) partitions, \(subVectors ?? -1) sub-vectors, \(rows) rows"
        do {
            let stats = try await pickStore().buildIndex(
                numPartitions: partitions, numBits: bits, numSubVectors: subVectors, metric: metric, seed: seed)
            try check(rows >= 1 << bits && !divisors.isEmpty, "it was built")
            try check(
                stats.name == "vec_idx" && stats.numBits == bits && stats.diskBytesAdded > 0
                    && stats.numPartitions == partitions ?? max(1, min(Int(Double(rows).squareRoot()), rows / 256))
                    && stats.numSubVectors == subVectors ?? divisors.last, "\(stats)")
            model.index = (metric, stats.numPartitions, Set(model.fragments))
            model.indexedRows = rows
        } catch let error as StoreError {
            try check(
                error.code == .invalidArgument && (rows < 1 << bits || divisors.isEmpty),
                "it was not built: \(error)")
        }
    }

    private mutating func buildScalarIndex() async throws {
        _ = try await pickStore().buildScalarIndex(column: "doc_id")
        model.idFragments = Set(model.fragments)
    }

    private mutating func reopen() throws {
        let options = Options(threads: 1 + random.below(3), durability: .relaxed)
        if stores.count < 3 {
            stores.append(try place.store(options))
        } else {
            stores[random.below(3)] = try place.store(options)
        }
    }

    // MARK: Questions

    private mutating func query() -> [Float] {
        if random.chance(0.2), let row = model.rows.randomElement(using: &random),
            ModelTable.isEligible(row.vector, .cosine)
        {
            return row.vector
        }
        var query = vector()
        if !query.contains(where: { $0 != 0 }) { query[0] = 1 }
        // Without a direction, where none is needed.
        if model.metric != .cosine, random.chance(0.05) { query = query.map { _ in 0 } }
        return query
    }

    private mutating func topK() -> Int {
        switch random.below(6) {
        case 0: 1
        case 1: model.rows.count + 1 + random.below(10)
        case 2: 1 + random.below(100)
        default: 1 + random.below(10)
        }
    }

    private func same(_ hits: [Hit], _ expected: [ModelTable.Neighbor], _ what: String) throws {
        let found = hits.map { ModelTable.Neighbor(distance: $0.distance, text: $0.chunkText) }
        guard found != expected else { return }
        let place = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }
        throw CheckFailure(
            "\(what): \(found.count) hits for \(expected.count); the first that differs: "
                + (place.map { "number \($0.offset): \($0.element.0), expected \($0.element.1)" } ?? "none"))
    }

    private mutating func searchExactly() async throws {
        let (query, k) = (query(), topK())
        let hits = try await pickStore().searchExactly(query, topK: k)
        try same(hits, Array(model.ranked(query).prefix(k)), "exact search, k \(k)")
    }

    /// Each query of a batch gets what it gets alone.
    private mutating func searchBatch() async throws {
        let k = topK()
        let queries = (0..<1 + random.below(20)).map { _ in query() }
        let probes = random.chance(0.3) ? nil : 1 + random.below(max(model.index?.partitions ?? 1, 1))
        let refine = random.chance(0.2) ? nil : 1 + random.below(10)
        last += " of \(queries.count), k \(k) x \(refine ?? 0), probes \(probes ?? -1)"
        let store = pickStore()
        let found = try await store.search(
            batch: queries.flatMap { $0 }, topK: k, nprobes: probes, refineFactor: refine)
        try check(found.count == queries.count, "\(found.count) answers for \(queries.count) queries")
        for (query, hits) in zip(queries, found) {
            let alone = try await store.search(query, topK: k, nprobes: probes, refineFactor: refine)
            try same(
                hits, alone.map { ModelTable.Neighbor(distance: $0.distance, text: $0.chunkText) }, "a query alone")
        }
        let all = try await store.search(
            batch: queries.flatMap { $0 }, topK: k, nprobes: Int.max, refineFactor: max(model.rows.count, 1))
        for (query, hits) in zip(queries, all) { try same(hits, Array(model.ranked(query).prefix(k)), "all probes") }
    }

    private mutating func searchAll() async throws {
        let (query, k) = (query(), topK())
        let rows = max(model.rows.count, 1)
        // As many candidates as there are rows, some more, or far too many.
        let refine = [(rows + k - 1) / k, rows, Int.max][random.below(3)]
        let probes = random.chance(0.5) ? Int.max : max(model.index?.partitions ?? 1, 1)
        let hits = try await pickStore().search(query, topK: k, nprobes: probes, refineFactor: refine)
        try same(
            hits, Array(model.ranked(query).prefix(k)), "index search of \(model.metric), k \(k) x \(refine)")
    }

    private mutating func searchSome() async throws {
        let (query, k) = (query(), topK())
        let probes = random.chance(0.3) ? nil : 1 + random.below(max(model.index?.partitions ?? 1, 1))
        let refine = 1 + random.below(10)
        last += " k \(k) x \(refine), probes \(probes ?? -1)"
        try await checkPart(query, k, probes, refine)
    }

    private mutating func searchByCodes() async throws {
        let (query, k) = (query(), topK())
        let probes = random.chance(0.3) ? nil : 1 + random.below(max(model.index?.partitions ?? 1, 1))
        last += " k \(k), probes \(probes ?? -1)"
        try await checkPart(query, k, probes, nil)
    }

    /// What holds for every search, however little of the index it looks at.
    private mutating func checkPart(_ query: [Float], _ k: Int, _ probes: Int?, _ refine: Int?) async throws {
        let store = pickStore()
        let answer: SearchExplanation
        if random.chance(0.5) {
            answer = try await store.explain(query, topK: k, nprobes: probes, refineFactor: refine)
        } else {
            _ = try await store.search(query, topK: k, nprobes: probes, refineFactor: refine)
            answer = try await store.explain(query, topK: k, nprobes: probes, refineFactor: refine)
        }
        let covered = model.covered
        let tail = model.ranked(query) { !covered.contains($0.fragment) }
        let all = model.ranked(query)
        let hasTail = model.fragments.contains { !covered.contains($0) }
        try checkNumbers(answer, probes, tailRows: model.rows.count { !covered.contains($0.fragment) })
        guard model.hasVectorIndex else { return try same(answer.hits, Array(all.prefix(k)), "no index") }
        let hits = answer.hits
        let exact = Dictionary(
            uniqueKeysWithValues: all.enumerated().map { ($1.text, (distance: $1.distance, rank: $0)) })
        var seen: Set<String> = []
        for (hit, next) in zip(hits, hits.dropFirst()) {
            try check(hit.distance <= next.distance, "distances \(hit.distance), \(next.distance)")
        }
        var lastRank = -1
        for hit in hits {
            guard let own = exact[hit.chunkText] else { throw CheckFailure("\(hit) is not a live row") }
            try check(seen.insert(hit.chunkText).inserted, "\(hit) is there twice")
            try check(hit.score == 1 - hit.distance && hit.distance.isFinite, "\(hit)")
            guard refine != nil || hasTail else { continue }
            try check(hit.distance == own.distance, "\(hit) is at \(own.distance)")
            try check(own.rank > lastRank, "\(hit) is out of order")
            lastRank = own.rank
        }
        // Rows outside the index are all compared.
        if let last = hits.last, hits.count == min(k, all.count) {
            for row in tail.prefix(k) where row.distance < last.distance {
                try check(seen.contains(row.text), "\(row) of the tail is missing")
            }
        }
        let most = min(k, all.count)
        let deleted = model.indexedRows - (all.count - tail.count)
        let least = probes == nil ? most : min(k, max(0, answer.codesScanned - deleted) + tail.count)
        try check(
            hits.count <= most && hits.count >= least, "\(hits.count) hits, expected \(least) to \(most)")
    }

    private func checkNumbers(_ answer: SearchExplanation, _ probes: Int?, tailRows: Int) throws {
        guard let index = model.index, model.hasVectorIndex else {
            try check(answer.indexName == nil && answer.partitions == 0 && answer.codesScanned == 0, "\(answer)")
            try check(answer.tailRows == model.rows.count, "\(answer.tailRows) rows, expected \(model.rows.count)")
            return
        }
        try check(answer.indexName == "vec_idx" && answer.partitions == index.partitions, "\(answer)")
        try check(answer.partitionsProbed <= index.partitions && answer.partitionsProbed > 0, "\(answer)")
        try check(answer.largestSegmentPartitions == index.partitions, "\(answer)")
        try check(answer.nprobes > 0 && answer.nprobes <= answer.partitionsProbed, "\(answer)")
        if let probes { try check(answer.partitionsProbed == min(probes, index.partitions), "\(answer)") }
        try check(answer.codesScanned <= model.indexedRows, "\(answer.codesScanned) codes of \(model.indexedRows)")
        try check(answer.codesResolved <= answer.codesScanned, "\(answer)")
        try check(answer.candidatesReranked <= answer.codesScanned, "\(answer)")
        try check(answer.tailRows == tailRows, "\(answer.tailRows) tail rows, expected \(tailRows)")
    }

    private mutating func get() async throws {
        let id: String
        if random.chance(0.7), let row = model.rows.randomElement(using: &random) {
            id = row.id
        } else {
            id = "d\(random.below(model.serial + 20))"
        }
        let row = try await pickStore().row(docID: id)
        let expected = model.row(id: id)
        try check((row == nil) == (expected == nil), "row \(id) is \(row == nil ? "missing" : "there")")
        guard let row, let expected else { return }
        try check(row.docID == id && row.chunkText == expected.text, "row \(id) is \(row), expected \(expected)")
        try check(row.chunkIndex == expected.chunk && row.source == "source of \(id)", "row \(id) is \(row)")
        try check(row.vector.map(\.bitPattern) == expected.vector.map(\.bitPattern), "the vector of row \(id)")
    }

    private mutating func stats() async throws {
        let store = pickStore()
        let stats = try await store.stats()
        try check(stats.rows == model.rows.count, "\(stats.rows) rows for \(model.rows.count)")
        try check(try await store.count() == model.rows.count, "the count")
        try check(stats.hasVectorIndex == model.hasVectorIndex, "hasVectorIndex is \(stats.hasVectorIndex)")
        try check(stats.hasDocIDIndex == model.hasIDIndex, "hasDocIDIndex is \(stats.hasDocIDIndex)")
        try check(try await store.hasVectorIndex() == model.hasVectorIndex, "hasVectorIndex")
        try check(try await store.hasScalarIndex(column: "doc_id") == model.hasIDIndex, "hasScalarIndex")
    }
}
