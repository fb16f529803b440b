// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceIndex
import ObjectStorage
import TestSupport
import VectorMath

/// Segments that the official library wrote, and what it says that they hold.
enum IVFPQFixtures {
    struct Expected: Decodable, Sendable {
        var metric: String
        var dimension: Int
        var bits: Int
        var subVectors: Int
        var transposed: Bool
        var loss: Double?
        var lengths: [Int]
        var firstCentroid: [Float]
        /// Hashes of little-endian numbers, and of the codes partition by partition, transposed.
        var centroids: String
        var codebook: String
        var rowIDs: String
        var codes: String
    }

    static let uuid = UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))

    static func expected() throws -> [String: Expected] {
        var all: [String: Expected] = [:]
        for version in ["4.0.2", "14.0.2"] {
            let data = try Data(contentsOf: directory.appendingPathComponent("expected-\(version).json"))
            all.merge(try JSONDecoder().decode([String: Expected].self, from: data)) { $1 }
        }
        return all
    }

    static func bytes(_ segment: String, _ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: directory.appendingPathComponent("\(segment)/\(file)")))
    }

    /// A table's directory that holds the segment alone.
    static func storage(_ segment: String) async throws -> MemoryStorage {
        let storage = MemoryStorage()
        for file in try FileManager.default.contentsOfDirectory(
            atPath: directory.appendingPathComponent(segment).path)
        {
            try await put(bytes(segment, file), file, in: storage)
        }
        return storage
    }

    static func put(_ bytes: [UInt8], _ file: String, in storage: MemoryStorage) async throws {
        _ = try await storage.putIfAbsent(IndexDirectory(uuid).key(file), bytes, .relaxed)
    }

    static func hash(_ bytes: some Sequence<UInt8>) -> String {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    static func hash(_ floats: [Float]) -> String { floats.withUnsafeBytes { hash($0) } }

    private static var directory: URL { Bundle.module.bundleURL.appendingPathComponent("Fixtures/ivfpq") }
}

extension IVFPQIndex {
    /// Reads all there is, and checks that it has the sizes it says.
    func everything() throws -> (rowIDs: [UInt8], codes: [UInt8]) {
        var rowIDs: [UInt8] = []
        var codes: [UInt8] = []
        try check(centroids.count == partitionCount * dimension, "\(centroids.count) centroid numbers")
        try check(codebook.count == dimension << bits, "\(codebook.count) code word numbers")
        try check(centroids.allSatisfy(\.isFinite) && codebook.allSatisfy(\.isFinite), "a number is not finite")
        try check(codeBytes == subVectors * bits / 8 && dimension % subVectors == 0, "codes of \(codeBytes) bytes")
        var start = 0
        for (partition, rows) in partitions.enumerated() {
            try check(rows.lowerBound == start, "partition \(partition) is \(rows)")
            start = rows.upperBound
            let ids = try self.rowIDs(of: partition)
            let bytes = try self.codes(of: partition)
            try check(ids.count == rows.count * 8, "\(ids.count) bytes of row ids for \(rows.count) rows")
            try check(bytes.count == rows.count * codeBytes, "\(bytes.count) bytes of codes for \(rows.count) rows")
            try check(
                ids.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) % 8 == 0 }, "row ids that are not aligned")
            rowIDs += ids.bytes
            codes += bytes.bytes
        }
        try check(start == rowCount, "\(start) rows in partitions of \(rowCount)")
        return (rowIDs, codes)
    }
}
