// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

enum BenchWrites {
    static func migrate(_ parquet: String, to dataset: String) async throws {
        let store = try LanceVectorStore(path: dataset)
        let (stats, usage) = try await Usage.measure { try await store.migrate(parquet: parquet) }
        var line = BenchLine("migrate")
        line.add(usage)
        line.object.add("rows", stats.rowsWritten)
        line.addMemory()
        line.object.add("disk", stats.diskBytes)
        try line.print()
    }

    static func append(_ parquet: String, to dataset: String) async throws {
        let most = 10_000
        let rows = try await BenchRows(parquet, limit: most)
        for isDurable in [true, false] {
            let store = try LanceVectorStore(path: dataset, options: Options(durability: isDurable ? .full : .relaxed))
            _ = try await store.count()
            for (count, repetitions) in [(1, 7), (100, 7), (1000, 5), (most, 3)] where count <= rows.docIDs.count {
                let part = rows.prefix(count)
                var usages: [Usage] = []
                for _ in 0..<repetitions {
                    usages.append(
                        try await Usage.measure {
                            _ = try await part.append(to: store)
                        }.usage)
                }
                let seconds = usages.map(\.seconds).sorted()
                var line = BenchLine("append")
                line.object.add("rows", count)
                line.object.add("fsync", isDurable)
                line.object.add("reps", repetitions)
                line.object.add("seconds", BenchLine.percentile(seconds, 0.5))
                line.object.add("min_s", seconds.first ?? 0)
                line.object.add("cpu_s", BenchLine.percentile(usages.map(\.cpuSeconds).sorted(), 0.5))
                line.addMemory()
                try line.print()
            }
        }
    }
}
