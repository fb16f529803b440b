// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceFile
import LanceIndex
import LanceProto
import ObjectStorage
import Testing
import TestSupport
import VectorMath

/// What is written is read back, and is what Lance expects, byte for byte where it looks.
struct IVFPQWriterTests {
    struct Partition {
        var rowIDs: [UInt64]
        var codes: [UInt8]
    }

    static func model(
        _ metric: Metric = .cosine, dimension: Int, bits: Int, subVectors: Int, partitions: Int,
        _ random: inout SplitMix64
    ) throws -> IVFPQModel {
        func floats(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -2...2, using: &random) } }
        return try IVFPQModel(
            metric: metric, dimension: dimension, bits: bits, subVectors: subVectors,
            centroids: floats(partitions * dimension), codebook: floats(dimension << bits))
    }

    static func partitions(_ model: IVFPQModel, sizes: [Int], _ random: inout SplitMix64) -> [Partition] {
        sizes.map { size in
            Partition(
                rowIDs: (0..<size).map { _ in random.next() }.sorted(), codes: random.bytes(size * model.codeBytes))
        }
    }

    static func write(
        _ model: IVFPQModel, _ partitions: [Partition], loss: Double? = nil, in storage: any ObjectStorage
    ) async throws -> [IndexSegment.File] {
        let writer = try await IVFPQWriter(
            IndexDirectory(IVFPQFixtures.uuid), model, loss: loss, in: storage, .relaxed)
        for partition in partitions { try await writer.append(rowIDs: partition.rowIDs, codes: partition.codes) }
        return try await writer.finish()
    }

    @Test func everyShapeIsReadBack() async throws {
        var random = SplitMix64(seed: 95)
        for round in 0..<80 {
            let bits = random.chance(0.5) ? 8 : 4
            let subVectors = (1 + random.below(6)) * (bits == 4 ? 2 : 1)
            let model = try Self.model(
                Metric.allCases[round % 3], dimension: subVectors * (1 + random.below(4)), bits: bits,
                subVectors: subVectors, partitions: 1 + random.below(9), &random)
            let sizes = (0..<model.partitionCount).map { _ in random.chance(0.3) ? 0 : random.below(300) }
            let partitions = Self.partitions(model, sizes: sizes, &random)
            let loss = random.chance(0.5) ? 12.5 : nil
            let storage = MemoryStorage()
            let files = try await Self.write(model, partitions, loss: loss, in: storage)
            for file in files {
                let size = try await storage.size(IndexDirectory(IVFPQFixtures.uuid).key(file.name))
                try check(size == file.size, "\(file.name) has \(size) bytes")
            }
            let index = try await IVFPQIndex.open(IVFPQFixtures.uuid, dimension: model.dimension, in: storage)
            try check(index.model == model && index.loss == loss, "another model in round \(round)")
            _ = try index.everything()
            for (number, partition) in partitions.enumerated() {
                try check(
                    index.rowIDs(of: number).array(of: UInt64.self) == partition.rowIDs
                        && index.codes(of: number).bytes == partition.codes, "partition \(number) of \(sizes)")
            }
        }
    }

    /// The terms in the file are |r|² + 2 c·r of each row's code; a dot product has none.
    @Test func storedTermsAreThoseOfTheCodes() async throws {
        var random = SplitMix64(seed: 97)
        for (bits, metric) in [(8, Metric.cosine), (4, .l2), (8, .dot)] {
            let (subVectors, width) = (6, 3)
            let model = try Self.model(
                metric, dimension: subVectors * width, bits: bits, subVectors: subVectors, partitions: 3, &random)
            let partitions = Self.partitions(model, sizes: [70, 0, 131], &random)
            let storage = MemoryStorage()
            _ = try await Self.write(model, partitions, in: storage)
            let index = try await IVFPQIndex.open(IVFPQFixtures.uuid, dimension: model.dimension, in: storage)
            guard metric != .dot else {
                #expect(index.storedTerms == nil)
                continue
            }
            let terms = try #require(index.storedTerms).array(of: Float.self)
            var expected: [Double] = []
            for (number, partition) in partitions.enumerated() {
                let rows = partition.rowIDs.count
                for row in 0..<rows {
                    var term = 0.0
                    for part in 0..<subVectors {
                        let byte = partition.codes[(bits == 4 ? part / 2 : part) * rows + row]
                        let code = bits == 4 ? Int(byte) >> (part % 2 * 4) & 15 : Int(byte)
                        for component in 0..<width {
                            let word = Double(model.codebook[(part * model.codeWords + code) * width + component])
                            let centroid = Double(
                                model.centroids[number * model.dimension + part * width + component])
                            term += word * word + 2 * centroid * word
                        }
                    }
                    expected.append(term)
                }
            }
            #expect(terms.count == expected.count)
            #expect(zip(terms, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 })
        }
    }

    /// The parts that Lance looks at, as it writes them itself.
    @Test func filesAreAsLanceWritesThem() async throws {
        var random = SplitMix64(seed: 96)
        let model = try Self.model(dimension: 8, bits: 4, subVectors: 4, partitions: 3, &random)
        let storage = MemoryStorage()
        let files = try await Self.write(
            model, Self.partitions(model, sizes: [2, 0, 5], &random), loss: 3, in: storage)
        #expect(Set(files.map(\.name)) == ["auxiliary.idx", "index.idx"])
        let directory = IndexDirectory(IVFPQFixtures.uuid)
        #expect(
            try directory.key("index.idx").description
                == "_indices/01020304-0506-0708-090a-0b0c0d0e0f10/index.idx")

        let index = try await DataFileReader.open(directory.key("index.idx"), in: storage)
        #expect(index.version == .v2_0 && index.rowCount == 0)
        #expect(
            index.metadata.mapValues { String(decoding: $0, as: UTF8.self) } == [
                "lance:index": #"{"type":"IVF_PQ","distance_type":"cosine"}"#, "lance:ivf": "1",
                "lance:flat": #"["","",""]"#,
            ])
        let marker = index.descriptor.schema.fields
        #expect(marker.map(\.name) == ["__flat_marker"] && marker.map(\.logicalType) == ["uint64"])
        #expect(marker.map(\.nullable) == [false] && marker.map(\.parentID) == [-1])
        #expect(try index.columnMetadata(0).pages.isEmpty)
        let centroids = try index.globalBuffer(1).message(ProtoIVF.self, "centroids")
        #expect(centroids.offsets == [0, 0, 0] && centroids.lengths == [0, 0, 0] && centroids.loss == 3)
        #expect(centroids.centroidsTensor.shape == [3, 8] && centroids.centroidsTensor.dataType == .float32)

        let codes = try await DataFileReader.open(directory.key("auxiliary.idx"), in: storage)
        #expect(codes.version == .v2_0 && codes.rowCount == 7)
        #expect(
            codes.metadata.mapValues { String(decoding: $0, as: UTF8.self) } == [
                "distance_type": "cosine", "lance:ivf": "1", "swift_lance:row_terms": "3",
                "storage_metadata":
                    #"["{\"codebook_position\":2,\"nbits\":4,\"num_sub_vectors\":4,\"dimension\":8,\"codebook_tensor\":[],\"transposed\":true}"]"#,
            ])
        let fields = codes.descriptor.schema.fields
        #expect(fields.map(\.name) == ["_rowid", "__pq_code"] && fields.map(\.id) == [0, 1])
        #expect(fields.map(\.logicalType) == ["uint64", "fixed_size_list:uint8:2"])
        #expect(fields.map(\.nullable) == [true, true])
        let extents = try codes.globalBuffer(1).message(ProtoIVF.self, "extents")
        #expect(extents.offsets == [0, 2, 2] && extents.lengths == [2, 0, 5] && !extents.hasCentroidsTensor)
        #expect(try codes.globalBuffer(2).message(ProtoTensor.self, "code words").shape == [16, 8])
    }

    /// Pages end between partitions, so that each partition is in one piece.
    @Test func noPartitionIsCut() async throws {
        var random = SplitMix64(seed: 97)
        let model = try Self.model(dimension: 64, bits: 8, subVectors: 64, partitions: 7, &random)
        // Codes of 26 MB, and one partition of more than a page.
        let sizes = [50_000, 60_000, 0, 200_000, 70_000, 1, 30_000]
        let partitions = Self.partitions(model, sizes: sizes, &random)
        let storage = MemoryStorage()
        _ = try await Self.write(model, partitions, in: storage)
        let key = try IndexDirectory(IVFPQFixtures.uuid).key("auxiliary.idx")
        let reader = try await DataFileReader.open(key, in: storage)
        #expect(try reader.columnMetadata(1).pages.map(\.length) == [110_000, 200_000, 100_001])
        #expect(try reader.columnMetadata(0).pages.map(\.length) == [110_000, 200_000, 100_001])
        let file = try await storage.open(key)
        let index = try await IVFPQIndex.open(IVFPQFixtures.uuid, dimension: 64, in: storage)
        for (number, partition) in partitions.enumerated() where !partition.rowIDs.isEmpty {
            #expect(try index.codes(of: number).region === file && index.rowIDs(of: number).region === file)
            #expect(try index.codes(of: number).bytes == partition.codes)
        }
    }

    @Test func wrongPartsAreRefused() async throws {
        var random = SplitMix64(seed: 98)
        let model = try Self.model(dimension: 4, bits: 8, subVectors: 2, partitions: 2, &random)
        let storage = MemoryStorage()
        let writer = try await IVFPQWriter(IndexDirectory(IVFPQFixtures.uuid), model, in: storage, .relaxed)
        try await writer.append(rowIDs: [1, 2], codes: [1, 2, 3, 4])
        await #expect(throws: Failure.self) { try await writer.append(rowIDs: [1, 2], codes: [1, 2, 3]) }
        await #expect(throws: Failure.self) {
            try await writer.append(rowIDs: ByteView(copying: [1, 2, 3]), codes: .empty)
        }
        await #expect(throws: Failure.self) { try await writer.finish() }
        try await writer.append(rowIDs: [], codes: [])
        await #expect(throws: Failure.self) { try await writer.append(rowIDs: [], codes: []) }
        _ = try await writer.finish()
        await #expect(throws: Failure.self) { try await writer.append(rowIDs: [], codes: []) }
        #expect(try await storage.walk().count == 2)
        await writer.discard()
        #expect(try await storage.walk().isEmpty)
    }

    @Test(arguments: [
        (0, 8, 1, 4, 1024), (4, 6, 2, 4, 256), (4, 8, 3, 4, 1024), (4, 8, 0, 4, 1024), (4, 4, 1, 4, 64),
        (4, 8, 2, 0, 1024), (4, 8, 2, 5, 1024), (4, 8, 2, 4, 1000), (-4, 8, 2, 4, 1024),
    ]) func wrongModelsAreRefused(_ dimension: Int, _ bits: Int, _ subVectors: Int, _ centroids: Int, _ words: Int) {
        #expect(throws: Failure.self) {
            try IVFPQModel(
                metric: .l2, dimension: dimension, bits: bits, subVectors: subVectors,
                centroids: [Float](repeating: 0, count: centroids), codebook: [Float](repeating: 0, count: words))
        }
    }

    /// Each step fails once, before or after it was done: nothing is left after `discard`.
    @Test(arguments: FaultyStorage.Fault.allCases) func everyStepMayFail(_ fault: FaultyStorage.Fault) async throws {
        var random = SplitMix64(seed: 99)
        let model = try Self.model(dimension: 8, bits: 8, subVectors: 4, partitions: 2, &random)
        // More than what is gathered before it is written.
        let partitions = Self.partitions(model, sizes: [20_000, 30_000], &random)
        let place = try TemporaryDirectory()
        let local = LocalStorage(path: place.path)
        for step in 0..<100 {
            let storage = FaultyStorage(local)
            storage.fail(step, fault)
            var writer: IVFPQWriter?
            do {
                let made = try await IVFPQWriter(IndexDirectory(UUID()), model, in: storage, .full)
                writer = made
                for partition in partitions { try await made.append(rowIDs: partition.rowIDs, codes: partition.codes) }
                _ = try await made.finish()
                #expect(step > 6, "\(storage.operations)")
                #expect(try await local.walk().count == 2)
                let finished = storage.operations.filter { if case .finish = $0 { true } else { false } }
                #expect(finished.map { $0.key.split(separator: "/").last } == ["auxiliary.idx", "index.idx"])
                return
            } catch is Failure {
                storage.fail(nil)
                await writer?.discard()
                #expect(try await local.walk().isEmpty, "after step \(step)")
            }
        }
        Issue.record("a hundred steps")
    }
}
