// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

enum BenchReads {
    private static let openings = 30

    static func count(_ dataset: String) async throws {
        var open: [Double] = []
        var count: [Double] = []
        for _ in 0..<openings {
            let (store, opening) = try await Usage.measure { try LanceVectorStore(path: dataset) }
            let counting = try await Usage.measure { _ = try await store.count() }.usage
            open.append(opening.seconds)
            count.append(counting.seconds)
        }
        for (name, latencies) in [("open", open), ("count", count), ("open+count", zip(open, count).map { $0 + $1 })] {
            var line = BenchLine(name)
            line.add(latencies: latencies)
            try line.print()
        }
    }

    static func get(_ dataset: String, _ parameters: BenchParameters) async throws {
        guard let path = parameters.idsFile else {
            throw StoreError(code: .invalidArgument, message: "bench get needs the parameter 'ids_txt'")
        }
        let sample = try self.sample(path, count: parameters.n ?? 300)
        try await get(dataset, sample, isReopening: false, parameters)
        try await get(dataset, sample.prefix(max(sample.count / 4, 1)), isReopening: true, parameters)
    }

    private static func get(
        _ dataset: String, _ ids: some Collection<String>, isReopening: Bool, _ parameters: BenchParameters
    ) async throws {
        var store = try LanceVectorStore(path: dataset)
        if !isReopening { _ = try await store.count() }
        var latencies: [Double] = []
        for id in ids {
            let (row, usage) = try await Usage.measure {
                if isReopening { store = try LanceVectorStore(path: dataset) }
                return try await store.row(docID: id)
            }
            guard row != nil else {
                throw StoreError(
                    code: .notFound, message: "there is no row with the doc_id '\(Readable.line(id, limit: 100))'",
                    path: dataset)
            }
            latencies.append(usage.seconds)
        }
        var line = BenchLine("get")
        switch parameters.index {
        case .text(let text): line.object.add("index", text)
        case .flag(let flag): line.object.add("index", flag)
        case nil: line.object.add("index", nil as String?)
        }
        line.object.add("mode", isReopening ? "reopen" : "open")
        line.object.add("n", latencies.count)
        line.addMemory()
        line.add(latencies: latencies)
        try line.print()
    }

    /// The same lines of the file in every run, from all over it.
    private static func sample(_ path: String, count: Int) throws -> [String] {
        let lines = LineReader(try InputFile(path))
        var ids: [String] = []
        while let id = try lines.next({ String(decoding: $0, as: UTF8.self) }) {
            if !id.isEmpty { ids.append(id) }
        }
        guard !ids.isEmpty, count > 0 else {
            throw StoreError(code: .invalidArgument, message: "no doc_ids to get", path: path)
        }
        var state: UInt64 = 1
        return (0..<count).map { _ in
            // Knuth's linear congruential generator; the high bits are the random ones.
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return ids[Int(state >> 33) % ids.count]
        }
    }
}
