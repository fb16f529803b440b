// SPDX-License-Identifier: Apache-2.0
package import LanceVectorStore

/// A call that changes a table: what it begins on, and what it does.
package struct WritingCall: Sendable, CustomStringConvertible {
    package let name: String
    package let start: CrashTable
    /// It takes old versions away.
    package let removesVersions: Bool
    package let perform: @Sendable (LanceVectorStore) async throws -> Void

    private init(
        _ name: String, _ start: CrashTable, removesVersions: Bool = false,
        _ perform: @escaping @Sendable (LanceVectorStore) async throws -> Void
    ) {
        self.name = name
        self.start = start
        self.removesVersions = removesVersions
        self.perform = perform
    }

    /// It makes things durable whatever the store's durability is.
    var isFlush: Bool { name == "flush" }

    package var description: String { "\(name), on \(start.rawValue)" }

    /// Every call of a store that writes. A new one is a line here.
    package static let all = [
        WritingCall("migrate", .nothing) { _ = try await $0.migrate(parquet: SmallParquet.bytes()) },
        WritingCall("migrate", .indexed, removesVersions: true) {
            _ = try await $0.migrate(parquet: SmallParquet.bytes())
        },
        WritingCall("append", .nothing) { try await CrashTable.append(0..<5, to: $0) },
        WritingCall("append", .indexed) { try await CrashTable.append(44..<50, to: $0) },
        WritingCall("delete ids", .plain) { _ = try await $0.delete(docIDs: ["r0", "r23"]) },
        WritingCall("delete ids", .indexed) { _ = try await $0.delete(docIDs: ["r0", "r24", "r36", "r40"]) },
        WritingCall("delete where", .indexed) { _ = try await $0.delete(where: .source("s1")) },
        WritingCall("upsert", .nothing) { try await CrashTable.upsert(["r1", "r2"], to: $0) },
        WritingCall("upsert", .indexed) { try await CrashTable.upsert(["r1", "r25", "r33", "r50"], to: $0) },
        WritingCall("build index", .plain) {
            _ = try await $0.buildIndex(numPartitions: 2, numBits: 4, numSubVectors: 2, seed: 6)
        },
        WritingCall("build index", .indexed) {
            _ = try await $0.buildIndex(numPartitions: 3, numBits: 4, numSubVectors: 2, seed: 7)
        },
        WritingCall("build scalar index", .plain) { _ = try await $0.buildScalarIndex(column: "doc_id") },
        WritingCall("build scalar index", .indexed) { _ = try await $0.buildScalarIndex(column: "doc_id") },
        WritingCall("optimize indices", .indexed) { _ = try await $0.optimizeIndices() },
        WritingCall("compact", .plain) { _ = try await $0.compact(targetRows: 1000) },
        WritingCall("compact", .indexed) { _ = try await $0.compact(targetRows: 1000) },
        WritingCall("restore", .indexed) { _ = try await $0.restore(.tag("old")) },
        WritingCall("clean up", .indexed, removesVersions: true) { _ = try await $0.cleanup(olderThan: .zero) },
        WritingCall("clean up all but three", .indexed, removesVersions: true) {
            _ = try await $0.cleanup(olderThan: .zero, keep: 3)
        },
        WritingCall("maintain", .indexed) { _ = try await $0.maintain() },
        WritingCall("flush", .indexed) { try await $0.flush() },
        WritingCall("create a tag", .plain) { try await $0.createTag("new") },
        WritingCall("delete a tag", .indexed) { try await $0.deleteTag("old") },
    ]
}
