// SPDX-License-Identifier: Apache-2.0
#if S3
    import Foundation
    import LanceVectorStore
    import ObjectStorage
    import S3Storage
    import TestSupport
    import Testing

    /// How many HTTP requests of a call wait for one another, from the door to the wire.
    struct RoundTests {
        private static let dimension = 64
        private static let rows = 8000

        /// Counts what it passes on.
        private struct Counting: HTTPTransport {
            let server: FakeS3
            let counter = RoundCounter()

            func send(_ request: HTTPRequest) async throws -> HTTPReply {
                await counter.ask()
                return try await server.send(request)
            }
        }

        private struct Depths {
            var cold: Int
            var other: Int
            var same: Int
            var recent: Int
            var count: Int
            var row: Int

            var areAsPromised: Bool {
                cold <= 6 && other <= 3 && same == 1 && recent == 0 && count == 2 && row <= 8
            }
        }

        private static func vector(_ random: inout SplitMix64) -> [Float] {
            (0..<dimension).map { _ in .random(in: -1...1, using: &random) }
        }

        @Test func rounds() async throws {
            let server = FakeS3(pageSize: 1000)
            let table = try LanceVectorStore(fakeStorage(server, path: "t"), options: Options(durability: .relaxed))
            var random = SplitMix64(seed: 3)
            let numbers = Array(0..<Self.rows)
            let words = String(repeating: "more words than fit into the end of a file ", count: 6)
            _ = try await table.append(
                sources: numbers.map { "book \($0 % 7)" }, docIDs: numbers.map { "id \($0)" },
                chunkIndices: numbers.map { $0 % 5 }, chunkTexts: numbers.map { "\($0): \(words)" },
                vectors: numbers.flatMap { _ in Self.vector(&random) }, dims: Self.dimension)
            _ = try await table.buildIndex(numPartitions: 30, numSubVectors: 16)
            _ = try await table.buildScalarIndex(column: "doc_id")
            // Requests that come late because the machine is busy count as ones that waited; then it is given more time.
            var depths = try await depths(server, quiet: .milliseconds(20))
            for quiet in [80, 320, 1280] where !depths.areAsPromised {
                depths = try await self.depths(server, quiet: .milliseconds(quiet))
            }
            #expect(depths.areAsPromised, "\(depths)")
        }

        private func depths(_ server: FakeS3, quiet: Duration) async throws -> Depths {
            let transport = Counting(server: server)
            // Another name of the server is another server to the cache that the process shares.
            let name = UUID().uuidString.lowercased()
            func storage() throws -> S3Storage {
                S3Storage(
                    try fakeClient(transport, ["endpoint": "http://\(name).test:9000"]), path: "t",
                    probe: ConditionalPutProbe())
            }
            let store = try LanceVectorStore(storage())
            var random = SplitMix64(seed: 8)
            let queries = (0..<2).map { _ in Self.vector(&random) }
            let counter = transport.counter
            func search(_ query: [Float], _ store: LanceVectorStore) async throws -> Int {
                let found = try await counter.rounds(quiet: quiet) {
                    try await store.search(query, nprobes: 8, refineFactor: 10)
                }
                #expect(found.result.count == 10)
                return found.rounds
            }
            let cold = try await search(queries[0], store)
            let other = try await search(queries[1], store)
            let same = try await search(queries[1], store)
            let patient = try LanceVectorStore(storage(), options: Options(consistencyInterval: .seconds(3600)))
            _ = try await patient.search(queries[1], nprobes: 8, refineFactor: 10)
            let recent = try await search(queries[1], patient)
            let count = try await counter.rounds(quiet: quiet) { try await LanceVectorStore(storage()).count() }
            #expect(count.result == Self.rows)
            let row = try await counter.rounds(quiet: quiet) {
                try await LanceVectorStore(storage()).row(docID: "id 4321")
            }
            #expect(row.result?.chunkIndex == 1)
            return Depths(
                cold: cold, other: other, same: same, recent: recent, count: count.rounds, row: row.rounds)
        }
    }
#endif
