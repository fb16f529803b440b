// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
package import Foundation
import LanceFile
import LanceProto
package import ObjectStorage
import SwiftProtobuf
import VectorMath

/// Opening a segment (format reference: IVF_PQ files, index version 1).
///
/// ```
/// index.idx      no rows; global buffer: IVF { a length a partition, centroids, loss }
/// auxiliary.idx  _rowid u64, __pq_code u8 x codeBytes, partition by partition
///                global buffers: IVF { offset and length of each partition in rows }, code words,
///                and of this package's own: a term f32 a row
/// ```
extension IVFPQIndex {
    /// Opens a segment and checks that its parts fit together. Costs nothing a row, where the files' version is 2.0.
    ///
    /// Throws `unsupported` where the files hold an index of another type, or an IVF_PQ that this package does not
    /// read, and `corrupt` where they are damaged; a non-finite centroid or code word counts as damage. With either,
    /// the table is good and can be searched without the index.
    ///
    /// - Parameter dimension: the column's, which the index must have.
    package static func open(_ uuid: UUID, dimension: Int, in storage: any ObjectStorage) async throws -> IVFPQIndex {
        let directory = IndexDirectory(uuid)
        async let codes = IndexFile.open(IVFPQMetadata.codesFile, of: directory, in: storage)
        let indexFile = try await IndexFile.open(IVFPQMetadata.indexFile, of: directory, in: storage)
        let kind = try IVFPQMetadata.kind(of: indexFile)
        guard kind.type == IVFPQMetadata.type else {
            throw indexFile.failure(.unsupported, "a vector index of type '\(kind.type)'; only IVF_PQ is supported")
        }
        guard let metric = Metric(indexName: kind.metric) else {
            throw indexFile.failure(.unsupported, "a vector index of the metric '\(kind.metric)', which is not known")
        }
        let codesFile = try await codes
        let codesMetric = try codesFile.required(IVFPQMetadata.metricKey)
        guard Metric(indexName: codesMetric) == metric else {
            throw codesFile.corrupt("codes of the metric '\(codesMetric)' in an index of '\(kind.metric)'")
        }
        let quantizer = try IVFPQMetadata.quantizer(of: codesFile)
        guard quantizer.dimension == dimension else {
            throw codesFile.corrupt("an index of \(quantizer.dimension) dimensions over a column of \(dimension)")
        }
        return try await fetching {
            if !codesFile.isInMemory { try askForAll(indexFile, codesFile, quantizer) }
            let ivf = try partitionsMessage(indexFile)
            let model = try model(metric, quantizer, ivf, indexFile, codesFile)
            let partitions = try partitions(partitionsMessage(codesFile), count: model.partitionCount, codesFile)
            return try IVFPQIndex(
                uuid: uuid, model: model, partitions: partitions, loss: ivf.hasLoss ? ivf.loss : nil,
                rowIDs: rowIDs(codesFile), codes: self.codes(codesFile, width: model.codeBytes),
                isTransposed: quantizer.transposed, storedTerms: storedTerms(codesFile, metric))
        }
    }

    /// Looks at everything that is read, so that all of it is fetched at once.
    private static func askForAll(_ index: IndexFile, _ codes: IndexFile, _ quantizer: IVFPQMetadata.Quantizer) throws {
        let looks: [() throws -> Void] = [
            { _ = try index.globalBuffer(namedBy: IVFPQMetadata.partitionsKey) },
            { _ = try codes.globalBuffer(namedBy: IVFPQMetadata.partitionsKey) },
            { if quantizer.codebookPosition > 0 { _ = try codes.reader.globalBuffer(quantizer.codebookPosition) } },
            {
                guard try codes.metadata(IVFPQMetadata.termsKey) != nil else { return }
                _ = try codes.globalBuffer(namedBy: IVFPQMetadata.termsKey)
            },
            { _ = try rowIDs(codes) },
            { _ = try codes.column(IVFPQMetadata.codeColumn).readInPlace(0..<codes.reader.rowCount) },
        ]
        _ = try looks.mapFetching { look in
            // What is wrong with them is for reading them in earnest to say.
            do { try look() } catch is Failure {}
        }
    }

    /// The rows' terms, if the file has them in a form that can be used; they can always be computed.
    private static func storedTerms(_ file: IndexFile, _ metric: Metric) throws -> ByteView? {
        #if _endian(little)
            guard metric != .dot, try file.metadata(IVFPQMetadata.termsKey) != nil else { return nil }
            let terms = try file.globalBuffer(namedBy: IVFPQMetadata.termsKey)
            let address = terms.withUnsafeBytes { $0.baseAddress.map { UInt(bitPattern: $0) } ?? 1 }
            let (bytes, overflow) = file.reader.rowCount.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
            return !overflow && terms.count == bytes && address % 4 == 0 ? terms : nil
        #else
            return nil
        #endif
    }

    private static func partitionsMessage(_ file: IndexFile) throws -> ProtoIVF {
        try file.globalBuffer(namedBy: IVFPQMetadata.partitionsKey).message(ProtoIVF.self, "the partitions")
    }

    private static func model(
        _ metric: Metric, _ quantizer: IVFPQMetadata.Quantizer, _ ivf: ProtoIVF, _ indexFile: IndexFile,
        _ codesFile: IndexFile
    ) throws -> IVFPQModel {
        guard quantizer.bits == 4 || quantizer.bits == 8 else {
            throw codesFile.failure(.unsupported, "codes of \(quantizer.bits) bits; 4 and 8 are supported")
        }
        guard quantizer.codebookPosition > 0 else {
            throw codesFile.failure(
                .unsupported, "an index whose code words are in its metadata, as none has been since 2025; rebuild it")
        }
        let (numbers, overflow) = ivf.lengths.count.multipliedReportingOverflow(by: quantizer.dimension)
        let (words, wordsOverflow) = quantizer.dimension.multipliedReportingOverflow(by: 1 << quantizer.bits)
        guard !overflow, !wordsOverflow, ivf.hasCentroidsTensor else {
            throw indexFile.corrupt("\(ivf.lengths.count) partitions of \(quantizer.dimension) dimensions")
        }
        guard ivf.centroidsTensor.shape == [UInt32(clamping: ivf.lengths.count), UInt32(clamping: quantizer.dimension)]
        else {
            throw indexFile.corrupt(
                "centroids of shape \(ivf.centroidsTensor.shape) for \(ivf.lengths.count) partitions of "
                    + "\(quantizer.dimension) dimensions")
        }
        let centroids = try IVFPQTensor.floats(ivf.centroidsTensor, count: numbers, "the centroids", in: indexFile)
        let book = try codesFile.reader.globalBuffer(quantizer.codebookPosition)
            .message(ProtoTensor.self, "the code words")
        let codebook = try IVFPQTensor.floats(book, count: words, "the code words", in: codesFile)
        do {
            return try IVFPQModel(
                metric: metric, dimension: quantizer.dimension, bits: quantizer.bits,
                subVectors: quantizer.subVectors, centroids: centroids, codebook: codebook)
        } catch let failure as Failure {
            throw codesFile.corrupt(failure.message)
        }
    }

    /// The rows of each partition: they must follow one another and be all there are.
    private static func partitions(_ ivf: ProtoIVF, count: Int, _ file: IndexFile) throws -> [Range<Int>] {
        guard ivf.lengths.count == count, ivf.offsets.isEmpty || ivf.offsets.count == count else {
            throw file.corrupt(
                "\(ivf.lengths.count) lengths and \(ivf.offsets.count) offsets for \(count) partitions")
        }
        let rows = file.reader.rowCount
        var partitions: [Range<Int>] = []
        partitions.reserveCapacity(count)
        var start = 0
        for (index, length) in ivf.lengths.enumerated() {
            if length > 0, !ivf.offsets.isEmpty, ivf.offsets[index] != UInt64(start) {
                throw file.corrupt("partition \(index) begins at row \(ivf.offsets[index]), expected \(start)")
            }
            guard Int(length) <= rows - start else {
                throw file.corrupt("partition \(index) ends after the last of \(rows) rows")
            }
            partitions.append(start..<start + Int(length))
            start += Int(length)
        }
        guard start == rows else { throw file.corrupt("\(rows) rows, of which \(start) are in partitions") }
        return partitions
    }

    private static func codes(_ file: IndexFile, width: Int) throws -> IVFPQRows {
        let expected = DataType.fixedSizeList(.uint8, width)
        guard file.type(of: IVFPQMetadata.codeColumn) == expected else {
            throw file.corrupt(
                "codes of type \(file.type(of: IVFPQMetadata.codeColumn)?.description ?? "none"), expected \(expected)")
        }
        return try IVFPQRows(IVFPQMetadata.codeColumn, of: file, width: width, alignment: 1)
    }

    private static func rowIDs(_ file: IndexFile) throws -> IVFPQRows {
        guard file.type(of: IVFPQMetadata.rowIDColumn) == .uint64 else {
            throw file.corrupt(
                "row ids of type \(file.type(of: IVFPQMetadata.rowIDColumn)?.description ?? "none"), expected uint64")
        }
        // Codes are never compressed, so there cannot be more rows than bytes: a small file must not say otherwise.
        guard file.reader.rowCount <= file.reader.byteCount else {
            throw file.corrupt("\(file.reader.rowCount) rows of codes in \(file.reader.byteCount) bytes")
        }
        return try IVFPQRows(IVFPQMetadata.rowIDColumn, of: file, width: 8, alignment: 8)
    }
}
