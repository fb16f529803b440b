// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceTable
import LanceVectorStore
import ObjectStorage
import Testing

struct StoreTests {
    @Test func whereThereIsNoTable() async throws {
        let place = try Place()
        let store = try place.store()
        #expect(
            try await store.stats()
                == DatasetStats(path: place.table, rows: 0, diskBytes: 0, hasVectorIndex: false, hasDocIDIndex: false))
        #expect(try await store.hasVectorIndex() == false)
        #expect(try await store.hasScalarIndex(column: "doc_id") == false)
        #expect(try await failure { try await store.count() }.code == .notFound)
        #expect(try await failure { try await store.search([1]) }.code == .notFound)
        #expect(try await failure { try await store.row(docID: "x") }.code == .notFound)
        #expect(!FileManager.default.fileExists(atPath: place.table))
    }

    @Test func statsCountRowsAndBytes() async throws {
        let place = try Place()
        let store = try place.store()
        _ = try await store.migrate(parquet: fixture("good"))
        let stats = try await store.stats()
        #expect(stats.rows == 60 && stats.path == place.table && !stats.hasVectorIndex && !stats.hasDocIDIndex)
        #expect(stats.diskBytes == (try place.files().values.reduce(0) { $0 + $1.count }))
        #expect(try await store.hasScalarIndex(column: "no such column") == false)
    }

    @Test func fileURIsArePaths() async throws {
        let place = try Place()
        _ = try await place.store().migrate(parquet: fixture("good"))
        #expect(try await LanceVectorStore(path: "file://" + place.table).count() == 60)
        let spaced = place.url.appending(path: "a b.lance").path
        let store = try LanceVectorStore(path: "file://" + place.url.path + "/a%20b.lance")
        _ = try await store.migrate(parquet: fixture("good"))
        #expect(FileManager.default.fileExists(atPath: spaced + "/data"))
        #expect(store.path.hasSuffix("a%20b.lance"))
    }

    @Test(arguments: ["s3a://bucket/t", "gs://b/t", "http://x/y", "memory://x"]) func otherSchemesAreNotSupported(
        _ path: String
    ) {
        #expect { try LanceVectorStore(path: path) } throws: {
            ($0 as? StoreError)?.code == .unsupported && ($0 as? StoreError)?.path == path
        }
    }

    #if S3
        @Test func objectStores() throws {
            let options = ["region": "eu-test-1", "access_key_id": "a", "secret_access_key": "swordfish"]
            let store = try LanceVectorStore(path: "s3://bucket/a/t.lance", options: Options(storageOptions: options))
            #expect(store.path == "s3://bucket/a/t.lance")
            #expect(store.table.storage.location == "s3://bucket/a/t.lance")
            var dumped = ""
            dump(store.table.storage, to: &dumped)
            #expect(!dumped.contains("swordfish"))
            for bad in [["regoin": "x"], ["region": "x y"], ["timeout": "soon"], ["access_key_id": "a"]] {
                #expect {
                    try LanceVectorStore(path: "s3://bucket/t", options: Options(storageOptions: bad))
                } throws: {
                    ($0 as? StoreError)?.code == .invalidArgument
                }
            }
            // A local table may name files in a bucket, and so its options are looked at, too.
            #expect { try LanceVectorStore(path: "t", options: Options(storageOptions: ["regoin": "x"])) } throws: {
                ($0 as? StoreError)?.message.contains("session_token") == true
            }
        }
    #else
        @Test func objectStoresNeedTheTrait() {
            #expect { try LanceVectorStore(path: "s3://bucket/t") } throws: {
                ($0 as? StoreError)?.code == .unsupported && ($0 as? StoreError)?.message.contains("trait S3") == true
            }
        }
    #endif

    @Test func emptyPathsAreRefused() {
        for path in ["", "file://relative", "a\u{0}b"] {
            #expect { try LanceVectorStore(path: path) } throws: { ($0 as? StoreError)?.code == .invalidArgument }
        }
    }

    @Test func optionsWithoutEffectAreRefused() {
        var all: [(String, Options)] = []
        #if S3
            all.append(("s3_express", Options(storageOptions: ["aws_S3_Express": "true"])))
        #else
            all.append(("trait S3", Options(storageOptions: ["region": "x"])))
        #endif
        for (name, options) in all {
            #expect { try LanceVectorStore(path: "/tmp/x", options: options) } throws: {
                ($0 as? StoreError)?.code == .unsupported
                    && ($0 as? StoreError)?.message.lowercased().contains(name.lowercased()) == true
            }
        }
        for options in [
            Options(columns: .init(id: "")), Options(columns: .init(id: "vector")), Options(fileVersion: "2.3"),
            Options(fileVersion: ""), Options(cacheBytes: -1), Options(cacheDirectory: ""),
            Options(cacheDirectory: "a\u{0}b"), Options(cacheDirectory: "a", cacheDirectoryBytes: -1),
            Options(cacheDirectoryBytes: 1), Options(consistencyInterval: .seconds(-1)),
        ] {
            #expect { try LanceVectorStore(path: "/tmp/x", options: options) } throws: {
                ($0 as? StoreError)?.code == .invalidArgument
            }
        }
        for threads in [0, -1] {
            #expect { try LanceVectorStore(path: "/tmp/x", options: Options(threads: threads)) } throws: {
                ($0 as? StoreError)?.code == .invalidArgument
            }
        }
    }

    @Test func aLinkThatLeadsNowhereIsAnError() async throws {
        let place = try Place()
        try FileManager.default.createSymbolicLink(atPath: place.table, withDestinationPath: "missing")
        let below = try LanceVectorStore(path: place.table + "/below/t.lance")
        for store in [try place.store(), below] {
            let error = try await failure { try await store.migrate(parquet: fixture("good")) }
            #expect(error.code == .invalidArgument)
        }
    }

    @Test func everyCallSeesWhatOthersCommitted() async throws {
        let place = try Place()
        let reader = try place.store()
        let writer = try place.store()
        // No pause: the directory's time may not have ticked between two commits.
        for round in 1...60 {
            _ = try await writer.append(
                source: "s", docIDs: ["d\(round)"], chunkIndices: [round], chunkTexts: ["t"],
                vectors: [[1, Float(round)]])
            #expect(try await reader.count() == round)
            #expect(try await reader.row(docID: "d\(round)") != nil)
        }
    }

    @Test func aTableThatWasRemovedAndMadeAgainIsSeen() async throws {
        let place = try Place()
        let reader = try place.store()
        for rows in [3, 5, 2] {
            try? FileManager.default.removeItem(atPath: place.table)
            _ = try await place.store().append(
                source: "s", docIDs: (0..<rows).map { "d\($0)" }, chunkIndices: Array(0..<rows),
                chunkTexts: Array(repeating: "t", count: rows), vectors: Array(repeating: [1, 2], count: rows))
            // The version number is 1 each time.
            #expect(try await reader.count() == rows)
            #expect(try await reader.search([1, 2], topK: 100).count == rows)
        }
    }

    @Test func jsonHasTheWrittenKeys() throws {
        func keys(_ value: some Encodable) throws -> Set<String> {
            let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(value))
            return Set((json as? [String: Any] ?? [:]).keys)
        }
        #expect(
            try keys(Hit(docID: "d", chunkText: "t", score: 1, distance: 0)) == [
                "doc_id", "chunk_text", "score", "distance",
            ])
        #expect(
            try keys(Row(docID: "d", chunkText: "t", vector: [1], source: "s", chunkIndex: 1)) == [
                "doc_id", "chunk_text", "vector", "source", "chunk_idx",
            ])
        #expect(
            try keys(DatasetStats(path: "p", rows: 1, diskBytes: 2, hasVectorIndex: true, hasDocIDIndex: false))
                == ["path", "rows", "disk_bytes", "has_vector_index", "has_doc_id_index"])
        #expect(
            try keys(MigrationStats(rowsWritten: 1, dimensions: 2, diskBytes: 3, durationSeconds: 4, nullVectors: 5))
                == ["rows_written", "dimensions", "disk_bytes", "duration_secs", "null_vectors"])
        #expect(
            try keys(AppendStats(rowsAppended: 1, diskBytesAdded: 2, durationSeconds: 3)) == [
                "rows_appended", "disk_bytes_added", "duration_secs",
            ])
        #expect(
            StoreError.Code.allCases.map(\.rawValue) == [
                "not_found", "invalid_argument", "schema_mismatch", "corrupt", "unsupported", "conflict",
                "incompatible", "io",
                "permission", "no_space", "network", "commit_unknown", "cancelled",
            ])
    }

    @Test func damageIsToldWithThePlace() async throws {
        let place = try Place()
        let store = try place.store()
        _ = try await store.migrate(parquet: fixture("good"))
        let name = try #require(try place.files().keys.first { $0.hasPrefix("data/") })
        let file = URL(filePath: place.table + "/" + name)
        let bytes = try Data(contentsOf: file)
        try bytes.prefix(bytes.count - 100).write(to: file)
        let error = try await failure {
            try await place.store().search([Float](repeating: 1, count: 8))
        }
        #expect(error.code == .corrupt && error.path?.hasSuffix(name) == true)
        try FileManager.default.removeItem(at: file)
        let gone = try await failure {
            try await place.store().search([Float](repeating: 1, count: 8))
        }
        #expect(gone.code == .notFound && gone.path?.hasSuffix(name) == true)
    }
}
