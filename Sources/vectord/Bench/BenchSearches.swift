// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore

enum BenchSearches {
    private static let topK = 10
    private static let warmUps = 30
    private static let latencyQueries = 400
    private static let exactQueries = 12
    private static let reopenings = 80

    static func search(_ dataset: String, _ queryFile: String, _ parameters: BenchParameters) async throws {
        let queries = try vectors(queryFile)
        let (store, first) = try await Usage.measure {
            let store = try LanceVectorStore(path: dataset)
            _ = try await store.search(queries[0], topK: topK)
            return store
        }
        var line = BenchLine("first_query")
        line.object.add("seconds", first.seconds)
        line.addMemory()
        try line.print()
        // Without an index the grid would be the exact search again and again.
        if try await store.hasVectorIndex() {
            for refine in parameters.refine ?? [nil, 2, 5, 10] {
                for nprobes in parameters.nprobes ?? [1, 5, 10, 20, 40, 80] {
                    try await Point(
                        store: store, queries: queries, nprobes: nprobes, refine: refine, ids: parameters.ids
                    )
                    .run()
                }
            }
        }
        try await exact(dataset, queries)
    }

    private static func exact(_ dataset: String, _ queries: [[Float]]) async throws {
        let store = try LanceVectorStore(path: dataset, options: Options(threads: 1))
        _ = try await store.count()
        var latencies: [Double] = []
        for query in queries.prefix(exactQueries) {
            latencies.append(
                try await Usage.measure { _ = try await store.searchExactly(query, topK: topK) }.usage.seconds)
        }
        var line = BenchLine("exact")
        line.object.add("threads", 1)
        line.object.add("n", latencies.count)
        line.addMemory()
        line.add(latencies: latencies)
        try line.print()
    }

    /// The first searches of a process, one after the other; the first one opens the table.
    static func first(_ dataset: String, _ queryFile: String, _ parameters: BenchParameters) async throws {
        let queries = try vectors(queryFile).prefix(parameters.n ?? 3)
        let nprobes = parameters.nprobes?.first ?? nil
        let refine = parameters.refine?.first ?? nil
        var store: LanceVectorStore?
        var seconds: [Double] = []
        for query in queries {
            let start = ContinuousClock.now
            let opened = try store ?? LanceVectorStore(path: dataset)
            _ = try await opened.search(query, topK: topK, nprobes: nprobes, refineFactor: refine)
            seconds.append(Usage.seconds(ContinuousClock.now - start))
            store = opened
        }
        var line = BenchLine("search-first")
        line.object.add("seconds", seconds)
        line.addMemory()
        try line.print()
    }

    static func reopen(_ dataset: String, _ queryFile: String) async throws {
        let queries = try vectors(queryFile)
        // Without an index neither number has an effect, and both points are one.
        let points: [(nprobes: Int?, refine: Int?)] =
            try await LanceVectorStore(path: dataset).hasVectorIndex() ? [(20, nil), (20, 10)] : [(nil, nil)]
        for (nprobes, refine) in points {
            var latencies: [Double] = []
            let cpu = Usage.processorSeconds
            for query in queries.prefix(reopenings) {
                latencies.append(
                    try await Usage.measure {
                        _ = try await LanceVectorStore(path: dataset)
                            .search(query, topK: topK, nprobes: nprobes, refineFactor: refine)
                    }.usage.seconds)
            }
            let perQuery = (Usage.processorSeconds - cpu) / Double(max(latencies.count, 1))
            var line = BenchLine("reopen")
            line.object.add("nprobes", nprobes)
            line.object.add("refine", refine)
            line.object.add("n", latencies.count)
            line.object.add("cpu_us_per_q", perQuery * 1e6)
            line.addMemory()
            line.add(latencies: latencies)
            try line.print()
        }
    }

    private static func vectors(_ path: String) throws -> [[Float]] {
        let vectors = try Queries(path: path).vectors
        guard !vectors.isEmpty else { throw StoreError(code: .invalidArgument, message: "no queries", path: path) }
        return vectors
    }

    /// One point of the grid.
    private struct Point {
        let store: LanceVectorStore
        let queries: [[Float]]
        let nprobes: Int
        let refine: Int?
        let ids: String?

        func run() async throws {
            for query in queries.suffix(warmUps) { _ = try await find(query) }
            let timed = queries.prefix(latencyQueries)
            var latencies: [Double] = []
            let one = try await Usage.measure {
                // A clock alone: asking for the processor's time takes as long as a part of the search.
                for query in timed {
                    let start = ContinuousClock.now
                    _ = try await find(query)
                    latencies.append(Usage.seconds(ContinuousClock.now - start))
                }
            }.usage
            let (found, two) = try await Usage.measure { try await byTwoClients() }
            var file: String?
            if let ids {
                let path = "\(ids)nprobes\(nprobes)_refine\(refine.map(String.init) ?? "None").tsv"
                let text = found.map { $0.joined(separator: "\t") + "\n" }.joined()
                do {
                    try text.write(toFile: path, atomically: false, encoding: .utf8)
                } catch {
                    throw StoreError(code: .io, message: "cannot write the results: \(error)", path: path)
                }
                file = path
            }
            var line = BenchLine("search")
            line.object.add("k", BenchSearches.topK)
            line.object.add("nprobes", nprobes)
            line.object.add("refine", refine)
            line.object.add("n", queries.count)
            line.object.add("qps1", Double(timed.count) / one.seconds)
            line.object.add("qps2", Double(queries.count) / two.seconds)
            line.object.add("cpu_us_per_q", one.cpuSeconds / Double(timed.count) * 1e6)
            line.object.add("ids_file", file)
            line.add(latencies: latencies)
            try line.print()
        }

        private func find(_ query: [Float]) async throws -> [String] {
            try await store.search(query, topK: BenchSearches.topK, nprobes: nprobes, refineFactor: refine).map(\.docID)
        }

        /// All queries, every second one by each of two tasks.
        private func byTwoClients() async throws -> [[String]] {
            func half(_ first: Int) async throws -> [[String]] {
                var found: [[String]] = []
                for index in stride(from: first, to: queries.count, by: 2) {
                    found.append(try await find(queries[index]))
                }
                return found
            }
            async let even = half(0)
            async let odd = half(1)
            let (evens, odds) = try await (even, odd)
            return queries.indices.map { $0 % 2 == 0 ? evens[$0 / 2] : odds[$0 / 2] }
        }
    }
}
