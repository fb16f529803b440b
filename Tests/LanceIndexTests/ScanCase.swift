// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceIndex
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import TestSupport
import VectorMath

/// Random segments of one IVF_PQ index, any of whose rows may be deleted, and what a scan of them must find.
struct ScanCase {
    /// What the numbers of the model and the queries look like.
    enum Shape: String, CaseIterable {
        case usual
        /// Everything is far from the origin, and differs by little: |q - c|² and q·r cancel.
        case offset
        /// Code words so short that sums of bytes hardly tell rows apart.
        case shortWords
        /// One code word for all: every row of a partition is at the same distance.
        case equalWords
        /// Few values for everything: ties within and between partitions.
        case coarse
        case large, tooLarge, small, tiny
        /// Some sub-vectors are a million times longer than others.
        case uneven
    }

    /// One segment in plain arrays.
    struct Segment {
        var centroids: [Float]
        var codebook: [Float]
        var rowIDs: [[UInt64]]
        /// Transposed, as in the file.
        var codes: [[UInt8]]
        var live: LiveSegment
    }

    let shape: Shape
    let metric: Metric
    let bits: Int
    let subVectors: Int
    let width: Int
    var dimension: Int { subVectors * width }
    private(set) var segments: [Segment] = []
    private var deleted: Set<UInt64> = []
    private let scale: Float
    private let offset: Float

    static let rowsPerFragment = 1 << 16

    init(_ random: inout SplitMix64, shape: Shape, metric: Metric) async throws {
        self.shape = shape
        self.metric = metric
        bits = random.chance(0.5) ? 8 : 4
        width = [1, 2, 3, 8, 16][random.below(5)]
        let most = random.chance(0.2) ? 96 : 16
        subVectors = bits == 8 ? 1 + random.below(most) : 2 + 2 * random.below(most / 2)
        switch shape {
        case .large: (scale, offset) = (1e15, 0)
        case .tooLarge: (scale, offset) = (1e19, 0)
        case .small: (scale, offset) = (1e-3, 0)
        case .tiny: (scale, offset) = (1e-15, 0)
        case .offset: (scale, offset) = (0.1, 1000)
        default: (scale, offset) = (1, 0)
        }
        let storage = MemoryStorage()
        var parts: [Segment] = []
        var entries: [ProtoIndexMetadata] = []
        let count = [1, 1, 1, 2, 3][random.below(5)]
        for number in 0..<count {
            let (centroids, codebook) = try model(&random)
            let lengths = (0..<centroids.count / dimension).map { _ in Self.length(&random) }
            // A fragment a segment; ids ascend within partitions, and jump between them.
            var ids = (0..<UInt64(lengths.reduce(0, +))).map { UInt64(number) << 32 | $0 }
            ids.shuffle(using: &random)
            var rowIDs: [[UInt64]] = []
            var codes: [[UInt8]] = []
            var start = 0
            for length in lengths {
                rowIDs.append(ids[start..<start + length].sorted())
                codes.append(self.codes(length, &random))
                start += length
            }
            let uuid = UUID()
            let writer = try await IVFPQWriter(
                IndexDirectory(uuid),
                IVFPQModel(
                    metric: metric, dimension: dimension, bits: bits, subVectors: subVectors, centroids: centroids,
                    codebook: codebook), in: storage, .relaxed)
            for (rowIDs, codes) in zip(rowIDs, codes) { try await writer.append(rowIDs: rowIDs, codes: codes) }
            let segment = IndexSegment(
                uuid: uuid, name: "vec_idx", fieldIDs: [0], datasetVersion: 1,
                coveredFragments: RoaringBitmap([UInt32(number)]),
                details: .ivfPQ(metric: metric, bits: bits, subVectors: subVectors), files: try await writer.finish())
            entries.append(try segment.proto())
            let index = try await IVFPQIndex.open(uuid, dimension: dimension, in: storage)
            let part = [0, 0, 0.01, 0.5, 1][random.below(5)]
            for id in ids where random.chance(part) { deleted.insert(id) }
            let live = try await LiveSegment(
                index, ScanModel(index), Self.liveness(segment, deleted, storage, fragments: number + 1))
            parts.append(
                Segment(centroids: centroids, codebook: codebook, rowIDs: rowIDs, codes: codes, live: live))
        }
        segments = parts
    }

    /// Sizes of which many are no multiple of what a kernel takes at a time.
    private static func length(_ random: inout SplitMix64) -> Int {
        switch random.below(6) {
        case 0: 0
        case 1: random.below(4)
        case 2: 64 * random.below(5)
        case 3: random.below(701)
        default: random.below(150)
        }
    }

    /// What a manifest makes of a segment and the deletion files of its fragments.
    private static func liveness(
        _ segment: IndexSegment, _ deleted: Set<UInt64>, _ storage: MemoryStorage, fragments: Int
    ) async throws -> RowLiveness {
        let table = Table(storage, .relaxed)
        let version = UInt64(fragments)
        var proto = ProtoManifest()
        proto.version = version
        for number in 0..<UInt64(fragments) {
            let offsets = deleted.filter { $0 >> 32 == number }.map { UInt32(truncatingIfNeeded: $0) }
            var fragment = ProtoDataFragment()
            fragment.id = number
            fragment.physicalRows = UInt64(rowsPerFragment)
            if !offsets.isEmpty {
                fragment.deletionFile = .with {
                    $0.fileType = .bitmap
                    $0.readVersion = version
                    $0.id = number
                    $0.numDeletedRows = UInt64(offsets.count)
                }
                let key = try ObjectKey("_deletions/\(number)-\(version)-\(number).bin")
                _ = try await storage.putIfAbsent(key, RoaringBitmap(offsets).serialized, .relaxed)
            }
            proto.fragments.append(fragment)
        }
        let bytes = try Manifest(proto: proto, indices: [segment.proto()], transaction: nil).serialized()
        let key = try ObjectKey("_versions/" + NamingScheme.v2.name(of: version))
        _ = try await storage.putIfAbsent(key, bytes, .relaxed)
        let snapshot = try await table.latest()
        guard let entry = snapshot.indices.first else { throw CheckFailure("no index") }
        return try await RowLiveness(entry, in: snapshot)
    }

    // MARK: Numbers

    private func number(_ random: inout SplitMix64) -> Float {
        let number = Float.random(in: -1...1, using: &random)
        return shape == .coarse ? (number * 2).rounded() : number
    }

    private func model(_ random: inout SplitMix64) throws -> (centroids: [Float], codebook: [Float]) {
        let partitions = 1 + random.below(40)
        var centroids = (0..<partitions * dimension).map { _ in offset + scale * number(&random) }
        let words = 1 << bits
        var codebook = (0..<dimension * words).map { _ in scale * 0.5 * number(&random) }
        switch shape {
        case .shortWords: codebook = codebook.map { $0 * 1e-4 }
        case .equalWords:
            let word = codebook[0..<width]
            codebook = (0..<codebook.count).map { word[$0 % width] }
        case .uneven:
            for j in stride(from: 0, to: subVectors, by: 3) {
                for index in j * words * width..<(j + 1) * words * width { codebook[index] *= 1e6 }
            }
        default: break
        }
        if metric == .cosine {
            // Of the length that means of unit vectors have.
            let norm = Float(dimension).squareRoot()
            centroids = centroids.map { $0 / (scale + offset) / norm }
            codebook = codebook.map { $0 / (shape == .uneven ? 1e6 : 1) / scale / norm }
        }
        return (centroids, codebook)
    }

    private func codes(_ rows: Int, _ random: inout SplitMix64) -> [UInt8] {
        var codes = random.bytes(rows * subVectors * bits / 8)
        // Rows that are equal.
        if random.chance(0.2) { codes = codes.map { $0 & 0x11 } }
        return codes
    }

    func query(_ random: inout SplitMix64) -> [Float] {
        var query = (0..<dimension).map { _ in offset + scale * number(&random) }
        switch random.below(6) {
        case 0:
            // What the codes of a row stand for, or nearly.
            if let segment = segments.randomElement(using: &random),
                let partition = segment.rowIDs.indices.filter({ !segment.rowIDs[$0].isEmpty }).randomElement(
                    using: &random)
            {
                query = reconstruction(segment, partition, random.below(segment.rowIDs[partition].count))
            }
        case 1: if metric != .cosine { query = query.map { _ in 0 } }
        case 2: if let segment = segments.first { query = Array(segment.centroids[0..<dimension]) }
        default: break
        }
        if metric == .cosine, !query.contains(where: { $0 != 0 }) { query[0] = scale }
        return query
    }

    // MARK: Oracle

    func isLive(_ id: UInt64) -> Bool { !deleted.contains(id) }

    func code(_ segment: Segment, _ partition: Int, _ row: Int, _ j: Int) -> Int {
        let rows = segment.rowIDs[partition].count
        if bits == 8 { return Int(segment.codes[partition][j * rows + row]) }
        return Int(segment.codes[partition][j / 2 * rows + row] >> (j % 2 * 4) & 15)
    }

    /// What a row's codes stand for.
    func reconstruction(_ segment: Segment, _ partition: Int, _ row: Int) -> [Float] {
        (0..<dimension).map { d in
            let j = d / width
            let word = segment.codebook[(j << bits + code(segment, partition, row, j)) * width + d % width]
            return metric == .dot ? word : segment.centroids[partition * dimension + d] + word
        }
    }

    /// The query as an index compares it.
    func prepared(_ query: [Float]) -> [Float] {
        guard metric == .cosine else { return query }
        let norm = query.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return query.map { Float(Double($0) * (1 / norm)) }
    }

    /// The distance of a row by its codes in double precision, and the sum of the sizes of what is added up in it.
    func distance(_ prepared: [Float], _ segment: Segment, _ partition: Int, _ row: Int) -> (Double, size: Double) {
        var distance = metric == .dot ? 1.0 : 0
        var size = 1.0
        for j in 0..<subVectors {
            let word = (j << bits + code(segment, partition, row, j)) * width
            for d in 0..<width {
                let q = Double(prepared[j * width + d])
                let w = Double(segment.codebook[word + d])
                if metric == .dot {
                    distance -= q * w
                    size += abs(q * w)
                } else {
                    let c = Double(segment.centroids[partition * dimension + j * width + d])
                    distance += (q - c - w) * (q - c - w)
                    size += (abs(q - c) + abs(w)) * (abs(q - c) + abs(w))
                }
            }
        }
        return (distance, size)
    }

    /// Every live row of the partitions with the distance that the kernels give it alone, in single precision.
    func all(_ prepared: [Float], _ segment: Segment, _ partitions: [Int]) -> [Neighbor] {
        var found: [Neighbor] = []
        for partition in partitions {
            let ids = segment.rowIDs[partition]
            guard !ids.isEmpty else { continue }
            var vector = prepared
            if metric != .dot {
                for d in 0..<dimension { vector[d] -= segment.centroids[partition * dimension + d] }
            }
            var distances = [Float](repeating: 0, count: ids.count)
            let rows = (0..<ids.count).map { UInt32($0) }
            if metric == .dot {
                PQKernels.dotRows(
                    vector, codebook: segment.codebook, subVectors: subVectors, width: width, bits: bits,
                    codes: segment.codes[partition], stride: ids.count, rows: rows, count: ids.count, into: &distances)
                distances = distances.map { 1 - $0 }
            } else {
                PQKernels.squaredL2Rows(
                    vector, codebook: segment.codebook, subVectors: subVectors, width: width, bits: bits,
                    codes: segment.codes[partition], stride: ids.count, rows: rows, count: ids.count, into: &distances)
            }
            for row in ids.indices where isLive(ids[row]) {
                found.append(Neighbor(distance: distances[row], address: ids[row]))
            }
        }
        return found
    }
}
