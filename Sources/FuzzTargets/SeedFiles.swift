// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import SwiftProtobuf
import LanceIndex
import LanceTable
import ObjectStorage
import TestSupport
import VectorMath

/// Good inputs to begin with: small ones of our own writers, and the files that other writers made, which lie with the
/// tests.
package enum SeedFiles {
    /// Larger ones make a fuzzer slow.
    package static let mostBytes = 20_000

    /// Inputs by name, the same at every call but for UUIDs and times.
    package static func own(_ target: FuzzTarget) async throws -> [String: [UInt8]] {
        switch target {
        case .manifest: try await manifests()
        case .deletions: deletions()
        case .dataFile20: try await dataFiles(.v2_0)
        case .dataFile21: try await dataFiles(.v2_1)
        case .dataFile22: try await dataFiles(.v2_2)
        case .ivfPQ: try await segments()
        case .btree: try await trees()
        case .parquet: [:]
        }
    }

    /// - Parameters:
    ///   - tests: the directory of the package's tests.
    ///   - most: bytes of a file; data files that are larger are still there column by column.
    package static func fixtures(_ target: FuzzTarget, below tests: String, most: Int = mostBytes) throws
        -> [String: [UInt8]]
    {
        var found: [String: [UInt8]] = [:]
        let root = URL(filePath: tests)
        guard let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil) else { return [:] }
        for case let file as URL in files {
            let path = file.path
            guard path.contains("/Fixtures/"), let bytes = try input(target, file) else { continue }
            let name = path.dropFirst(root.path.count + 1).replacing("/", with: "_")
            if bytes.count <= most { found[String(name)] = bytes }
            guard target.isDataFile else { continue }
            for (column, part) in try SeedColumns.split(bytes) where part.count <= most {
                found["\(name)-\(column)"] = part
            }
        }
        return found
    }

    /// What a file of the fixtures gives; nil where it is nothing for the target.
    private static func input(_ target: FuzzTarget, _ file: URL) throws -> [UInt8]? {
        func bytes(_ file: URL) throws -> [UInt8] { [UInt8](try Data(contentsOf: file)) }
        func sibling(_ name: String) throws -> [UInt8] {
            try bytes(file.deletingLastPathComponent().appending(path: name))
        }
        switch (target, file.pathExtension) {
        case (.manifest, "manifest"), (.parquet, "parquet"): return try bytes(file)
        case (.deletions, "arrow"): return try [4] + bytes(file)
        case (.deletions, "bin"): return try [5] + bytes(file)
        case (.ivfPQ, "idx") where file.lastPathComponent == IVFPQTarget.indexFile:
            guard let codes = try? sibling(IVFPQTarget.codesFile) else { return nil }
            return TwoFiles(try bytes(file), codes).bytes
        case (.btree, "lance") where file.lastPathComponent == BTreeTarget.lookupFile:
            return TwoFiles(try bytes(file), try sibling(BTreeTarget.dataFile)).bytes
        case (.dataFile20, "lance"), (.dataFile21, "lance"), (.dataFile22, "lance"):
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isDirectory), !isDirectory.boolValue
            else { return nil }
            let bytes = try bytes(file)
            let version = try? FileInspection(FileView(ByteView(copying: bytes))).version
            return version == target.rawValue.split(separator: "-").last.map(String.init) ? bytes : nil
        default: return nil
        }
    }

    // MARK: Our own

    private static func manifests() async throws -> [String: [UInt8]] {
        let storage = MemoryStorage()
        var snapshot = try await SeedTable.append(0..<SeedTable.rows, to: storage)
        snapshot = try await SeedTable.append(0..<SeedTable.rows, to: storage)
        var seeds: [String: [UInt8]] = ["two-fragments": try snapshot.manifest.serialized()]
        var entry = try IndexSegment(
            uuid: BTreeTarget.directory.uuid, name: "key_idx", fieldIDs: [1], datasetVersion: 2,
            coveredFragments: RoaringBitmap([0, 1] as [UInt32]), details: .btree, files: []
        ).proto()
        var manifest = snapshot.manifest
        manifest.indices = [entry]
        entry.indexDetails.typeURL = "/lance.table.VectorIndexDetails"
        manifest.indices.append(entry)
        seeds["indices"] = try manifest.serialized()
        manifest.proto.fragments[0].deletionFile = .with {
            $0.fileType = .bitmap
            $0.numDeletedRows = 2
        }
        seeds["deletions"] = try manifest.serialized()
        manifest.proto.readerFeatureFlags = FeatureFlags.stableRowIDs.rawValue
        for (name, segment) in SeedRowIDs.segments {
            for fragment in manifest.proto.fragments.indices {
                manifest.proto.fragments[fragment].rowIDSequence = .inlineRowIds(
                    try ProtoRowIdSequence.with {
                        $0.segments = [SeedRowIDs.moved(segment, by: UInt64(fragment) * 1000)]
                    }.serializedBytes())
            }
            seeds["row-ids-\(name)"] = try manifest.serialized()
        }
        return seeds
    }

    private static func deletions() -> [String: [UInt8]] {
        let sets: [(String, [UInt32])] = [
            ("few", [1, 5, 63]), ("none", []), ("runs", Array(10..<60)),
            ("many", (0..<5000).map { $0 * 2 }), ("far", [3, 65_536, 199_999]),
        ]
        return Dictionary(uniqueKeysWithValues: sets.map { ($0.0, [5] + RoaringBitmap($0.1).serialized) })
    }

    private static func dataFiles(_ version: FileVersion) async throws -> [String: [UInt8]] {
        var random = SplitMix64(seed: 17)
        var seeds: [String: [UInt8]] = [:]
        for type in RandomColumns.writableTypes {
            for (nulls, count) in [(RandomColumns.Nulls.none, 9), (.some, 20), (.all, 3)] {
                let values = RandomColumns.values(type, count: count, nulls: nulls, &random)
                seeds["\(name(type))-\(nulls)"] = try await dataFile(type, values, version)
            }
        }
        // What the encoders make of values that repeat, that are small, or that share their beginnings.
        let texts = (0..<300).map { Value.string("the quick brown fox \($0 % 97) jumps over the lazy dog") }
        let regular: [(String, DataType, [Value])] = [
            ("small-numbers", .int64, (0..<1030).map { .int(Int64($0 % 13)) }),
            ("runs", .int32, (0..<600).map { .int(Int64($0 / 100)) }),
            ("constant", .int32, .init(repeating: .int(7), count: 500)),
            ("large-numbers", .uint64, (0..<200).map { .uint(UInt64($0) &* 0x9e37_79b9_7f4a_7c15) }),
            ("texts", .utf8, texts),
            ("long-texts", .utf8, (0..<3).map { .string(.init(repeating: "x\($0)", count: 900)) }),
            ("repeated-texts", .utf8, (0..<400).map { .string("word \($0 % 5)") }),
            ("repeated-texts-nulls", .utf8, (0..<400).map { $0 % 7 == 0 ? .null : .string("word \($0 % 5)") }),
            (
                "vectors", .fixedSizeList(.float32, 8),
                (0..<20).map { row in .list((0..<8).map { .double(Double(row * $0)) }) }
            ),
            (
                "wide-vectors", .fixedSizeList(.float32, 130),
                (0..<4).map { row in row == 2 ? .null : .list((0..<130).map { .double(Double(row * $0)) }) }
            ),
            (
                "halves", .fixedSizeList(.float16, 4), (0..<6).map { _ in .list((0..<4).map { _ in .double(1) }) }
            ),
        ]
        for (name, type, values) in regular { seeds[name] = try await dataFile(type, values, version) }
        return seeds.filter { $0.value.count <= mostBytes }
    }

    private static func name(_ type: DataType) -> String {
        String("\(type)".map { $0.isLetter || $0.isNumber ? $0 : "_" })
    }

    private static func dataFile(_ type: DataType, _ values: [Value], _ version: FileVersion) async throws -> [UInt8] {
        var random = SplitMix64(seed: 18)
        let schema = RandomBatches.schema([type])
        let storage = MemoryStorage()
        let key = try ObjectKey("data/seed.lance")
        let writer = try await DataFileWriter(
            key, in: storage, fields: TableSchema.protos(for: schema), schema: schema, version: version,
            pageBytes: 2000, durability: .relaxed)
        let column = try RandomColumns.column(type, values, &random)
        try await writer.append(Batch(schema, [column], count: values.count))
        _ = try await writer.finish()
        return try await storage.open(key).view.bytes
    }

    private static func segments() async throws -> [String: [UInt8]] {
        var seeds: [String: [UInt8]] = [:]
        for metric in [Metric.l2, .cosine, .dot] {
            for bits in [4, 8] {
                var random = SplitMix64(seed: 19)
                let storage = MemoryStorage()
                let model = try IVFPQModel(
                    metric: metric, dimension: IVFPQTarget.dimension, bits: bits, subVectors: 2,
                    centroids: (0..<16).map { Float($0) / 20 },
                    codebook: (0..<IVFPQTarget.dimension << bits).map { Float($0 % 17 - 8) / 30 })
                let writer = try await IVFPQWriter(IVFPQTarget.directory, model, in: storage, .relaxed)
                for (partition, rows) in [5, 3].enumerated() {
                    let ids = (0..<rows).map { UInt64($0 + partition * 5) << (partition == 0 ? 0 : 32) }
                    try await writer.append(rowIDs: ids, codes: random.bytes(rows * model.codeBytes))
                }
                _ = try await writer.finish()
                let files = try await [IVFPQTarget.indexFile, IVFPQTarget.codesFile].asyncMap {
                    try await storage.open(IVFPQTarget.directory.key($0)).view.bytes
                }
                seeds["\(metric)-\(bits)"] = TwoFiles(files[0], files[1]).bytes
            }
        }
        return seeds
    }

    private static func trees() async throws -> [String: [UInt8]] {
        var seeds: [String: [UInt8]] = [:]
        for column in ["id", "key"] {
            let storage = MemoryStorage()
            let snapshot = try await SeedTable.append(0..<30, to: storage)
            let segment = try await BTreeBuilder.build(
                name: "seed_idx", over: snapshot, field: snapshot.field(column), durability: .relaxed)
            let files = try await [BTreeTarget.lookupFile, BTreeTarget.dataFile].asyncMap {
                try await storage.open(segment.directory.key($0)).view.bytes
            }
            seeds[column] = TwoFiles(files[0], files[1]).bytes
        }
        return seeds
    }
}

extension [String] {
    fileprivate func asyncMap<T>(_ body: (String) async throws -> T) async throws -> [T] {
        var results: [T] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
