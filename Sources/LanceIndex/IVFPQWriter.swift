// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import Columnar
import Foundation
import LanceFile
import LanceProto
package import ObjectStorage
import SwiftProtobuf
import VectorMath

/// Writes the two files of an IVF_PQ segment, of file version 2.0 and partition by partition.
///
/// Holds a page of codes in memory (8 MiB), or one partition where that is larger, and four bytes a row. No partition is cut by a page, so
/// that whoever maps the file has each in one piece. Nothing is visible to others before a manifest names the segment.
package final class IVFPQWriter {
    package let directory: IndexDirectory
    package let model: IVFPQModel
    private let storage: any ObjectStorage
    private let durability: WriteDurability
    private let loss: Double?
    private let schema: Schema
    private var codes: DataFileWriter?
    private var lengths: [UInt32] = []
    private var pendingBytes = 0
    private let element: DataType
    private let rowTerms: RowTerms?
    private var table = ScratchBuffer<Float>()
    private var terms: [Float] = []

    /// Begins the file of codes.
    ///
    /// - Parameters:
    ///   - element: the type of the column's numbers, which the model is written in.
    ///   - loss: the sum of all rows' distances from their centroids, for whoever looks at the index.
    package init(
        _ directory: IndexDirectory, _ model: IVFPQModel, element: DataType = .float32, loss: Double? = nil,
        in storage: any ObjectStorage,
        _ durability: WriteDurability
    ) async throws {
        self.directory = directory
        self.model = model
        self.element = element
        self.storage = storage
        self.durability = durability
        self.loss = loss
        schema = Schema([
            Field(IVFPQMetadata.rowIDColumn, .uint64),
            Field(IVFPQMetadata.codeColumn, .fixedSizeList(.uint8, model.codeBytes)),
        ])
        var metadata = [
            IVFPQMetadata.metricKey: Data(model.metric.indexName.utf8),
            IVFPQMetadata.partitionsKey: Data("1".utf8),
            IVFPQMetadata.storageKey: IVFPQMetadata.storage(of: model, codebookPosition: 2),
        ]
        // A dot product has no such part.
        rowTerms = model.metric == .dot ? nil : RowTerms(model)
        if rowTerms != nil { metadata[IVFPQMetadata.termsKey] = Data("3".utf8) }
        codes = try await DataFileWriter(
            directory.key(IVFPQMetadata.codesFile), in: storage, fields: TableSchema.protos(for: schema),
            schema: schema,
            metadata: metadata, pageBytes: .max, durability: durability)
    }

    /// Adds the next partition, of n rows; n may be 0.
    ///
    /// - Parameters:
    ///   - rowIDs: n x 8 little-endian bytes, ascending.
    ///   - codes: `model.codeBytes` x n: byte `j * n + r` is code byte j of row r.
    package func append(rowIDs: ByteView, codes: ByteView) async throws {
        guard let writer = self.codes else {
            throw Failure(.invalidArgument, "a partition for an index file that is finished")
        }
        let rows = rowIDs.count / 8
        guard rowIDs.count % 8 == 0, codes.count == rows * model.codeBytes, let length = UInt32(exactly: rows) else {
            throw Failure(
                .invalidArgument,
                "a partition of \(rowIDs.count) bytes of row ids and \(codes.count) of codes, \(model.codeBytes) a row")
        }
        guard lengths.count < model.partitionCount else {
            throw Failure(.invalidArgument, "more partitions than the model's \(model.partitionCount)")
        }
        lengths.append(length)
        guard rows > 0 else { return }
        addTerms(partition: lengths.count - 1, rows, codes)
        let bytes = max(codes.count, rowIDs.count)
        if pendingBytes > 0, bytes > DataFileWriter.usualPageBytes - pendingBytes {
            try await writer.endPages()
            pendingBytes = 0
        }
        pendingBytes += bytes
        let items = try Column(.uint8, count: codes.count, storage: .fixed(codes))
        try await writer.append(
            Batch(
                schema,
                [
                    Column(.uint64, count: rows, storage: .fixed(rowIDs)),
                    Column(
                        schema.fields[1].type, count: rows,
                        storage: .fixedSizeList(items: items, length: model.codeBytes)),
                ]))
    }

    /// Computes what each row adds to every distance: searches need it, and would compute it each time they open the
    /// index.
    private func addTerms(partition: Int, _ rows: Int, _ codes: ByteView) {
        guard let rowTerms else { return }
        let table = table.reserve(rowTerms.tableSize)
        let first = terms.count
        terms.append(contentsOf: repeatElement(0, count: rows))
        codes.withUnsafeBytes { codes in
            terms.withUnsafeMutableBufferPointer { terms in
                guard let codes = codes.baseAddress, let terms = terms.baseAddress else { return }
                rowTerms.compute(
                    partition: partition, codes: codes.assumingMemoryBound(to: UInt8.self), count: rows, table: table,
                    into: terms + first)
            }
        }
    }

    /// The same from arrays.
    package func append(rowIDs: [UInt64], codes: [UInt8]) async throws {
        let ids = rowIDs.withUnsafeBytes { Region(copying: $0, name: "row ids").view }
        try await append(rowIDs: ids, codes: ByteView(copying: codes, name: "codes"))
    }

    /// Completes both files and makes them durable. Returns them with their sizes.
    package func finish() async throws -> [IndexSegment.File] {
        guard let writer = codes, lengths.count == model.partitionCount else {
            throw Failure(
                .invalidArgument, "\(lengths.count) partitions of the model's \(model.partitionCount) were written")
        }
        var offsets: [UInt64] = []
        offsets.reserveCapacity(lengths.count)
        var start: UInt64 = 0
        for length in lengths {
            offsets.append(start)
            start += UInt64(length)
        }
        let extents = ProtoIVF.with {
            $0.offsets = offsets
            $0.lengths = lengths
        }
        _ = try await writer.addGlobalBuffer(Self.bytes(extents))
        // The shape is what Lance writes; the order in memory is the model's: sub-vector by sub-vector.
        let book = IVFPQTensor.proto(model.codebook, shape: [model.codeWords, model.dimension], element: element)
        _ = try await writer.addGlobalBuffer(Self.bytes(book))
        if rowTerms != nil {
            #if _endian(big)
                for index in terms.indices { terms[index] = Float(bitPattern: terms[index].bitPattern.littleEndian) }
            #endif
            let bytes = terms.withUnsafeBytes { Region(copying: $0, name: "terms").view }
            terms = []
            _ = try await writer.addGlobalBuffer(bytes)
        }
        let codesSize = try await writer.finish()
        codes = nil
        let indexSize = try await writeIndexFile()
        return [
            IndexSegment.File(IVFPQMetadata.codesFile, size: codesSize),
            IndexSegment.File(IVFPQMetadata.indexFile, size: indexSize),
        ]
    }

    /// Removes the files again; for a segment that was not finished, or whose commit did not come to pass.
    package func discard() async {
        // An unfinished file goes with its writer; one whose last step failed may be there.
        codes = nil
        await directory.discard([IVFPQMetadata.codesFile, IVFPQMetadata.indexFile], in: storage)
    }

    /// The file of centroids, which has one column, for its name, and no rows.
    private func writeIndexFile() async throws -> UInt64 {
        let schema = Schema([Field(IVFPQMetadata.markerColumn, .uint64, nullable: false)])
        let writer = try await DataFileWriter(
            directory.key(IVFPQMetadata.indexFile), in: storage, fields: TableSchema.protos(for: schema),
            schema: schema,
            metadata: [
                IVFPQMetadata.indexKey: IVFPQMetadata.kind(of: model),
                IVFPQMetadata.partitionsKey: Data("1".utf8),
                // Lance looks here for each partition's graph, and these have none.
                IVFPQMetadata.flatKey: IVFPQMetadata.emptyStrings(model.partitionCount),
            ], durability: durability)
        let partitions = ProtoIVF.with {
            // Rows of this file, not of the other.
            $0.offsets = Array(repeating: 0, count: model.partitionCount)
            $0.lengths = Array(repeating: 0, count: model.partitionCount)
            $0.centroidsTensor = IVFPQTensor.proto(
                model.centroids, shape: [model.partitionCount, model.dimension], element: element)
            if let loss { $0.loss = loss }
        }
        _ = try await writer.addGlobalBuffer(Self.bytes(partitions))
        return try await writer.finish()
    }

    private static func bytes(_ message: some Message) throws -> ByteView {
        let bytes: [UInt8] = try message.serializedBytes()
        return ByteView(copying: bytes, name: "global buffer")
    }
}
