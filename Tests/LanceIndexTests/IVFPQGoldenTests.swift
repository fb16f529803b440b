// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceIndex
import ObjectStorage
import Testing
import TestSupport

/// Segments that the official library wrote, of every file version and kind of number, part by part.
struct IVFPQGoldenTests {
    static let names = [
        "4.0.2-l2", "4.0.2-cosine-4bit", "4.0.2-dot", "4.0.2-row-major", "4.0.2-double", "4.0.2-half", "14.0.2-v20",
        "14.0.2-v21", "14.0.2-v22", "14.0.2-v22-4bit", "14.0.2-v22-row-major", "14.0.2-v21-double",
    ]

    @Test func allAreHere() throws {
        #expect(Set(try IVFPQFixtures.expected().keys) == Set(Self.names))
    }

    @Test(arguments: names) func everyPart(_ name: String) async throws {
        let expected = try #require(try IVFPQFixtures.expected()[name])
        let storage = try await IVFPQFixtures.storage(name)
        let index = try await IVFPQIndex.open(IVFPQFixtures.uuid, dimension: expected.dimension, in: storage)
        #expect(index.metric.indexName == expected.metric)
        #expect(index.dimension == expected.dimension && index.bits == expected.bits)
        #expect(index.subVectors == expected.subVectors && index.partitions.map(\.count) == expected.lengths)
        #expect(index.rowCount == 600 && index.loss == expected.loss)
        #expect(Array(index.centroids.prefix(expected.dimension)) == expected.firstCentroid)
        #expect(IVFPQFixtures.hash(index.centroids) == expected.centroids)
        #expect(IVFPQFixtures.hash(index.codebook) == expected.codebook)
        // A second time from what was kept.
        for _ in 0..<2 {
            let (rowIDs, codes) = try index.everything()
            #expect(IVFPQFixtures.hash(rowIDs) == expected.rowIDs)
            #expect(IVFPQFixtures.hash(codes) == expected.codes)
        }
        for partition in [-1, index.partitionCount] {
            try await expectFailure([.invalidArgument], "partition \(partition)") { try index.codes(of: partition) }
            try await expectFailure([.invalidArgument], "partition \(partition)") { try index.rowIDs(of: partition) }
        }
    }

    /// What is transposed, of version 2.0, and in one page is never copied.
    @Test(arguments: ["4.0.2-l2", "4.0.2-double", "14.0.2-v20"]) func inPlace(_ name: String) async throws {
        let storage = try await IVFPQFixtures.storage(name)
        let index = try await IVFPQIndex.open(IVFPQFixtures.uuid, dimension: 8, in: storage)
        let file = try await storage.open(IndexDirectory(IVFPQFixtures.uuid).key("auxiliary.idx"))
        for partition in 0..<index.partitionCount {
            #expect(try index.codes(of: partition).region === file)
            #expect(try index.rowIDs(of: partition).region === file)
        }
    }

    @Test(arguments: [
        ("4.0.2-flat", "IVF_FLAT"), ("4.0.2-sq", "IVF_SQ"), ("4.0.2-graph", "IVF_HNSW_PQ"), ("14.0.2-rq", "IVF_RQ"),
        ("4.0.2-legacy", "legacy"),
    ]) func otherTypesAreRefusedByName(_ name: String, _ word: String) async throws {
        let storage = try await IVFPQFixtures.storage(name)
        let failure = try await expectFailure([.unsupported], name) {
            try await IVFPQIndex.open(IVFPQFixtures.uuid, dimension: 8, in: storage)
        }
        #expect(failure.message.contains(word) && failure.path?.hasSuffix("/index.idx") == true)
    }

    @Test func otherDimensionsAndNoFiles() async throws {
        let storage = try await IVFPQFixtures.storage("4.0.2-l2")
        let failure = try await expectFailure([.corrupt], "16 dimensions") {
            try await IVFPQIndex.open(IVFPQFixtures.uuid, dimension: 16, in: storage)
        }
        #expect(failure.message.contains("16") && failure.message.contains("8 dimensions"))
        try await expectFailure([.notFound], "another uuid") {
            try await IVFPQIndex.open(UUID(), dimension: 8, in: storage)
        }
    }
}
