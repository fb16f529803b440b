// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceIndex
import LanceProto
import SwiftProtobuf
import LanceTable
import ObjectStorage
import Synchronization
import TestSupport
import VectorMath

/// An IVF_PQ segment over a column of eight dimensions: opened, all of its partitions read, and searched.
enum IVFPQTarget {
    static let dimension = 8
    static let directory = BTreeTarget.directory
    static let indexFile = "index.idx"
    static let codesFile = "auxiliary.idx"

    private static let keep = 10
    private static let queries: [[Float]] = [
        [1, -1, 0.5, 0, 2, 0.25, -0.75, 1], [0, 0, 0, 0, 0, 0, 0, 1e-20], .init(repeating: 1e18, count: 8),
    ]

    static func read(_ bytes: [UInt8]) async throws {
        let files = TwoFiles(parsing: bytes)
        let storage = MemoryStorage(location: "fuzz")
        _ = try await storage.putIfAbsent(directory.key(indexFile), files.first, .relaxed)
        _ = try await storage.putIfAbsent(directory.key(codesFile), files.second, .relaxed)
        let index = try await IVFPQIndex.open(directory.uuid, dimension: dimension, in: storage)
        try check(index.centroids.count == index.partitionCount * dimension, "\(index.centroids.count) numbers")
        try check(index.codebook.count == dimension << index.bits, "\(index.codebook.count) numbers of code words")
        let segment = try await LiveSegment(index, ScanModel(index), liveness())
        var rows = 0
        for (partition, range) in index.partitions.enumerated() {
            let (ids, codes) = (try index.rowIDs(of: partition), try index.codes(of: partition))
            try check(ids.count == range.count * 8, "\(ids.count) bytes of row ids for \(range.count) rows")
            try check(codes.count == range.count * index.codeBytes, "\(codes.count) bytes of codes")
            rows += range.count
        }
        try check(rows == index.rowCount, "\(rows) rows in partitions of \(index.rowCount)")
        let scratch = ScanScratch()
        for query in queries { try search(segment, query, scratch) }
    }

    private static func search(_ segment: LiveSegment, _ query: [Float], _ scratch: ScanScratch) throws {
        guard var scan = SegmentScan(segment, query: query, keep: keep, kept: 0, scratch: scratch) else { return }
        scan.rank(segment.index.partitionCount)
        for rank in 0..<segment.index.partitionCount { scan.scan(scan.partition(rank)) }
        let found = scan.finish(kept: 0, isChoice: false)
        try check(found <= keep, "\(found) rows are the nearest \(keep)")
        let neighbors = UnsafeBufferPointer(start: scratch.neighbors.base, count: found)
        try check(neighbors.allSatisfy { !$0.distance.isNaN }, "a distance is not a number")
    }

    /// The same for every input.
    private static func liveness() async throws -> RowLiveness {
        if let known = known.withLock({ $0 }) { return known }
        let made = try await makeLiveness()
        known.withLock { $0 = made }
        return made
    }

    private static let known = Mutex<RowLiveness?>(nil)

    /// Of a version with two fragments, some of whose rows are deleted.
    private static func makeLiveness() async throws -> RowLiveness {
        let storage = MemoryStorage(location: "fuzz")
        var proto = ProtoManifest()
        proto.version = 1
        proto.fragments = (0..<2).map { number in
            .with {
                $0.id = UInt64(number)
                $0.physicalRows = 1000
            }
        }
        let key = try ObjectKey("_deletions/0-1-1.bin")
        proto.fragments[0].deletionFile = .with {
            $0.fileType = .bitmap
            $0.readVersion = 1
            $0.id = 1
        }
        _ = try await storage.putIfAbsent(key, RoaringBitmap([3, 5] as [UInt32]).serialized, .relaxed)
        let segment = IndexSegment(
            uuid: directory.uuid, name: "vector_idx", fieldIDs: [0], datasetVersion: 1,
            coveredFragments: RoaringBitmap([0, 1] as [UInt32]), details: .btree, files: [])
        let entry = try segment.proto()
        let bytes = try Manifest(proto: proto, indices: [entry], transaction: nil).serialized()
        _ = try await storage.putIfAbsent(ObjectKey("_versions/" + NamingScheme.v2.name(of: 1)), bytes, .relaxed)
        let snapshot = try await Table(storage, .relaxed).latest()
        guard let entry = snapshot.indices.first else { throw CheckFailure("the version has no index") }
        return try await RowLiveness(entry, in: snapshot)
    }
}
