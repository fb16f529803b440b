// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore

enum BenchIndices {
    static func vectors(_ dataset: String, _ parameters: BenchParameters) async throws {
        let store = try LanceVectorStore(path: dataset)
        let (_, usage) = try await Usage.measure {
            try await store.buildIndex(
                numPartitions: parameters.partitions ?? 316, numBits: parameters.bits ?? 8,
                numSubVectors: parameters.sub ?? 48, seed: parameters.seed ?? 0)
        }
        var line = BenchLine("index")
        line.add(usage)
        line.addMemory()
        line.object.add("disk", try await store.stats().diskBytes)
        try line.print()
    }

    static func btree(_ dataset: String) async throws {
        let store = try LanceVectorStore(path: dataset)
        let (stats, usage) = try await Usage.measure { try await store.buildScalarIndex(column: "doc_id") }
        var line = BenchLine("btree")
        line.add(usage)
        line.addMemory()
        line.object.add("disk_added", stats.diskBytesAdded)
        try line.print()
    }
}
