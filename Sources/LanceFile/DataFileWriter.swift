// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import Columnar
package import LanceProto
package import ObjectStorage
package import Foundation
import SwiftProtobuf

/// Writes one data file of version 2.0, 2.1 or 2.2, batch by batch, with pages of about 8 MiB a column.
///
/// Holds at most a page of each column in memory. Nothing is visible to others before a manifest names the file.
package final class DataFileWriter {
    /// Buffered bytes of a column that make a page, where the caller does not say otherwise.
    package static let usualPageBytes = 8 << 20
    /// Every buffer starts at a multiple of this (required from 2.1 on, and good for mapping in all versions).
    private static let alignment: UInt64 = 64

    private let fields: [ProtoField]
    private let schema: Schema
    private let schemaMetadata: [String: Data]
    private let version: FileVersion
    private let writer: any ObjectWriter
    private let pageBytes: Int
    private var pending: [PendingPage]
    private var metadata: [ProtoColumnMetadata]
    /// Position and size of global buffers 1, 2, …; number 0, the schema, is written last.
    private var globalBuffers: [(position: UInt64, size: UInt64)] = []
    /// Small pieces on their way to the storage.
    private var small = ByteWriter(reserving: smallLimit)
    private static let smallLimit = 256 << 10
    private var position: UInt64 = 0
    package private(set) var rowCount = 0

    private struct PendingPage {
        var columns: [Column] = []
        var bytes = 0
        /// Number of its first row in the file.
        var firstRow = 0
    }

    /// `fields` are written into the file as they are; `schema` holds their types in the same order. `metadata` goes
    /// into the file's schema.
    ///
    /// - Parameters:
    ///   - version: of the file; pages of 2.0 are plain, those of 2.1 and 2.2 each as small as they can be.
    ///   - pageBytes: a column's page ends with the row that fills it; `Int.max` to end pages by `endPages` only.
    package init(
        _ key: ObjectKey, in storage: any ObjectStorage, fields: [ProtoField], schema: Schema,
        metadata schemaMetadata: [String: Data] = [:], version: FileVersion = .v2_0, pageBytes: Int = usualPageBytes,
        durability: WriteDurability
    ) async throws {
        self.version = version
        self.pageBytes = pageBytes
        self.schemaMetadata = schemaMetadata
        self.fields = fields
        self.schema = schema
        writer = try await storage.create(key, durability)
        pending = Array(repeating: PendingPage(), count: schema.fields.count)
        let encoding = try Self.direct(
            ProtoColumnEncoding.with { $0.values = .init() }, "lance.encodings.ColumnEncoding")
        metadata = schema.fields.map { _ in ProtoColumnMetadata.with { $0.encoding = encoding } }
    }

    /// Adds rows. The batch must have the writer's schema; a null in a column that allows none is `schema_mismatch`.
    package func append(_ batch: Batch) async throws {
        guard batch.schema.fields.map(\.type) == schema.fields.map(\.type) else {
            throw Failure(.schemaMismatch, "a batch of (\(batch.schema.summary)) for (\(schema.summary))")
        }
        guard rowCount + batch.count <= Int(UInt32.max) else {
            throw Failure(.invalidArgument, "a data file holds at most \(UInt32.max) rows")
        }
        for (index, column) in batch.columns.enumerated() {
            let field = schema.fields[index]
            if !field.nullable, column.nullCount > 0 {
                throw Failure(
                    .schemaMismatch, "column '\(field.name)' allows no nulls, and \(column.nullCount) were given")
            }
            try await append(column, to: index)
        }
        rowCount += batch.count
    }

    /// Adds bytes that belong to no column. Returns their number, from 1 on.
    package func addGlobalBuffer(_ bytes: ByteView) async throws -> Int {
        try await align()
        let start = position
        try await write(bytes)
        globalBuffers.append((start, position - start))
        return globalBuffers.count
    }

    private func append(_ column: Column, to index: Int) async throws {
        var start = 0
        while start < column.count {
            let room = pageBytes - pending[index].bytes
            let rows = column.rows(from: start, fitting: room)
            if rows == 0, !pending[index].columns.isEmpty {
                try await flush(index)
                continue
            }
            // A value larger than a page has one of its own.
            let end = start + max(rows, 1)
            let part = try column.slice(start..<end)
            pending[index].columns.append(part)
            pending[index].bytes += part.byteCount
            start = end
            if pending[index].bytes >= pageBytes { try await flush(index) }
        }
    }

    private func flush(_ index: Int) async throws {
        let columns = pending[index].columns
        guard !columns.isEmpty else { return }
        let firstRow = pending[index].firstRow
        let type = schema.fields[index].type
        let page =
            version == .v2_0
            ? try ArrayEncoder.page(columns, type: type)
            : try LayoutEncoder.page(columns, type: type, version: version)
        pending[index] = PendingPage(firstRow: firstRow + page.rowCount)
        var proto = ProtoColumnMetadata.Page()
        proto.length = UInt64(page.rowCount)
        // The official writer leaves it at 0 in files of version 2.0.
        if version > .v2_0 { proto.priority = UInt64(firstRow) }
        proto.encoding = try Self.direct(page.encoding.message, page.encoding.messageName)
        for buffer in page.buffers {
            try await align()
            proto.bufferOffsets.append(position)
            for piece in buffer { try await write(piece) }
            proto.bufferSizes.append(position - (proto.bufferOffsets.last ?? 0))
        }
        metadata[index].pages.append(proto)
    }

    /// Ends the page of every column: rows that are appended later have pages of their own.
    package func endPages() async throws {
        for index in pending.indices { try await flush(index) }
    }

    /// Writes what is left and the tables at the end, and makes the file complete and durable.
    ///
    /// Returns the file's size in bytes.
    package func finish() async throws -> UInt64 {
        try await endPages()
        try await align()
        let descriptor = ProtoFileDescriptor.with {
            $0.schema.fields = fields
            $0.schema.metadata = schemaMetadata
            $0.length = UInt64(rowCount)
        }
        let schemaPosition = position
        // The metadata is a map, whose order would differ from run to run: the same rows are to give the same file.
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        let schemaBytes: [UInt8] = try descriptor.serializedBytes(options: options)
        var tail = ByteWriter()
        tail.write(schemaBytes)
        // Column metadata must come after global buffer 0, and the two tables right before the footer.
        let metadataPosition = position + UInt64(tail.count)
        var columnTable = ByteWriter()
        for column in metadata {
            let bytes: [UInt8] = try column.serializedBytes()
            columnTable.write(position + UInt64(tail.count))
            columnTable.write(UInt64(bytes.count))
            tail.write(bytes)
        }
        let columnTablePosition = position + UInt64(tail.count)
        tail.write(columnTable.bytes)
        let globalTablePosition = position + UInt64(tail.count)
        for buffer in [(position: schemaPosition, size: UInt64(schemaBytes.count))] + globalBuffers {
            tail.write(buffer.position)
            tail.write(buffer.size)
        }
        Footer(
            columnMetadata: metadataPosition, columnTable: columnTablePosition, globalBufferTable: globalTablePosition,
            globalBuffers: UInt32(globalBuffers.count + 1), columns: UInt32(metadata.count), version: version
        ).write(to: &tail)
        try await write(Region(copying: tail.bytes, name: "footer").view)
        try await writeSmall()
        try await writer.finish()
        return position
    }

    // MARK: Bytes

    private func align() async throws {
        let rest = position % Self.alignment
        guard rest != 0 else { return }
        small.write(repeating: 0, count: Int(Self.alignment - rest))
        position += Self.alignment - rest
    }

    private func write(_ view: ByteView) async throws {
        position += UInt64(view.count)
        if view.count < Self.smallLimit, small.count + view.count <= Self.smallLimit {
            small.write(view)
            return
        }
        try await writeSmall()
        try await writer.write(view)
    }

    private func writeSmall() async throws {
        guard !small.isEmpty else { return }
        try await writer.write(small.bytes)
        small.removeAll()
    }

    private static func direct(_ message: any Message, _ name: String) throws -> ProtoEncodingLocation {
        var any = Google_Protobuf_Any()
        // The leading slash, with no host before it, is what the official writer writes.
        any.typeURL = "/" + name
        any.value = try message.serializedBytes()
        let bytes: Data = try any.serializedBytes()
        return .with { $0.direct.encoding = bytes }
    }
}
