// SPDX-License-Identifier: Apache-2.0
import Columnar
import LanceTable
import LanceVectorStore
import TestSupport

/// Performs commands on a table.
struct Worker {
    private var path: String
    private let options: Options
    private var store: LanceVectorStore

    init(path: String) throws {
        self.path = path
        // What is at stake here is what the processes see of each other, not power loss.
        options = Options(threads: 1, durability: .relaxed)
        store = try LanceVectorStore(path: path, options: options)
    }

    mutating func perform(_ command: Command) async -> Answer {
        do {
            return try await answer(command)
        } catch let error as StoreError {
            return Answer(error: error.code.rawValue, message: "\(error)")
        } catch {
            return Answer(error: "wrong", message: "\(error)")
        }
    }

    private mutating func answer(_ command: Command) async throws -> Answer {
        let ids = command.ids ?? []
        switch command.op {
        case .use:
            path = command.table ?? path
            store = try LanceVectorStore(path: path, options: options)
            return Answer()
        case .append:
            let rows = ids.map { MadeRow(id: $0, serial: command.serial ?? 0) }
            let stats = try await store.append(
                sources: rows.map(\.source), docIDs: ids, chunkIndices: rows.map(\.chunkIndex),
                chunkTexts: rows.map(\.text), vectors: rows.flatMap(\.vector), dims: MadeRow.dimension)
            return Answer(count: stats.rowsAppended)
        case .upsert:
            let rows = ids.map { MadeRow(id: $0, serial: command.serial ?? 0) }
            let stats = try await store.upsert(
                sources: rows.map(\.source), docIDs: ids, chunkIndices: rows.map(\.chunkIndex),
                chunkTexts: rows.map(\.text), vectors: rows.flatMap(\.vector), dims: MadeRow.dimension)
            return Answer(count: stats.rowsUpdated)
        case .delete: return Answer(count: try await store.delete(docIDs: ids).rowsDeleted)
        case .index:
            let stats = try await store.buildIndex(
                numPartitions: 3, numBits: command.bits ?? 4, numSubVectors: 2, metric: command.metric ?? .l2,
                seed: UInt64(clamping: command.serial ?? 0))
            return Answer(count: stats.numPartitions)
        case .scalarIndex:
            _ = try await store.buildScalarIndex(column: "doc_id")
            return Answer()
        case .optimize:
            return Answer(count: try await store.optimizeIndices().indices.reduce(0) { $0 + $1.rowsAdded })
        case .compact:
            return Answer(count: try await store.compact(targetRows: command.rows ?? 1 << 20).fragmentsRemoved)
        case .restore: return Answer(version: try await store.restore(.number(command.version ?? 0)))
        case .reopen:
            store = try LanceVectorStore(path: path, options: options)
            return Answer()
        default: return try await look(command)
        }
    }

    private func look(_ command: Command) async throws -> Answer {
        let store = try at(command.version)
        switch command.op {
        case .count: return Answer(count: try await store.count())
        case .get:
            guard let row = try await store.row(docID: command.ids?.first ?? "") else { return Answer(texts: []) }
            let made = MadeRow(text: row.chunkText)
            try check(made?.isEqual(to: row) == true, "the row is \(row)")
            return Answer(texts: [row.chunkText])
        case .search:
            let found = try await store.explain(
                command.query ?? [], topK: command.k ?? 10, nprobes: 1 << 20, refineFactor: command.refine)
            return Answer(
                version: Int(clamping: found.version), texts: found.hits.map(\.chunkText),
                distances: found.hits.map { Double($0.distance) }, index: found.indexName)
        case .contents:
            let (version, texts) = try await contents(store)
            return Answer(version: version, texts: texts)
        case .versions:
            let versions = try await store.versions()
            return Answer(versions: versions.map(\.version), operations: versions.map(\.operation))
        default: return Answer(version: try await store.version())
        }
    }

    private func at(_ version: Int?) throws -> LanceVectorStore {
        guard let version else { return store }
        return try store.at(.number(version))
    }

    /// The texts of all rows, each of which has been seen to be whole.
    private func contents(_ store: LanceVectorStore) async throws -> (version: Int, texts: [String]) {
        try await store.reading { snapshot in
            let fields = try MadeRow.columns.map { try snapshot.field($0) }
            var scan = TableScan(snapshot, fields: fields)
            var texts: [String] = []
            while let batch = try await scan.next()?.batch {
                for row in 0..<batch.count {
                    let values = try MadeRow.columns.map { try batch[$0]?.value(row) ?? .null }
                    guard case .string(let text) = values[3], MadeRow(text: text)?.isEqual(to: values) == true else {
                        throw CheckFailure("version \(snapshot.version): row \(texts.count) is \(values)")
                    }
                    texts.append(text)
                }
            }
            return (Int(clamping: snapshot.version), texts)
        }
    }
}
