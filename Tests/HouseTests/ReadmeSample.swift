// SPDX-License-Identifier: Apache-2.0
// README begins
import LanceVectorStore

/// Makes a table of a Parquet file, adds a row, and says what is nearest to a row that is there.
func neighbours(of id: String, table: String, parquet: String) async throws(StoreError) -> [Hit] {
    let store = try LanceVectorStore(path: table)
    let made = try await store.migrate(parquet: parquet)
    print("\(made.rowsWritten) rows of \(made.dimensions) dimensions in \(made.durationSeconds) s")

    guard let row = try await store.row(docID: id) else {
        throw StoreError(code: .notFound, message: "there is no row \(id)", path: table)
    }
    _ = try await store.append(
        source: "notes", docIDs: ["note-1"], chunkIndices: [0], chunkTexts: ["my own text"], vectors: [row.vector])

    _ = try await store.buildIndex(metric: .cosine)
    _ = try await store.buildScalarIndex(column: "doc_id")
    let hits = try await store.search(row.vector, topK: 5)
    for hit in hits { print(hit.score, hit.docID, hit.chunkText) }
    print("\(try await store.count()) rows")
    return hits
}
// README ends
