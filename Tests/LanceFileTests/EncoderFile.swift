// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto
import ObjectStorage
import SwiftProtobuf
import Testing
import TestSupport

/// A file of version 2.1 or 2.2 that was written in memory, opened again.
struct EncoderFile {
    static let versions: [FileVersion] = [.v2_1, .v2_2]

    let bytes: ByteView
    let reader: DataFileReader

    init(
        _ batches: [Batch], _ schema: Schema, _ version: FileVersion, pageBytes: Int = DataFileWriter.usualPageBytes
    ) async throws {
        let storage = MemoryStorage()
        let key = try ObjectKey("data/file.lance")
        let fields = try TableSchema.protos(for: schema)
        let writer = try await DataFileWriter(
            key, in: storage, fields: fields, schema: schema, version: version, pageBytes: pageBytes,
            durability: .relaxed)
        for batch in batches { try await writer.append(batch) }
        let size = try await writer.finish()
        bytes = try await storage.open(key).view
        reader = try await DataFileReader.open(key, in: storage)
        try check(bytes.count == Int(size), "the writer says \(size) bytes, the file has \(bytes.count)")
        try check(reader.version == version, "version \(reader.version.rawValue)")
        try checkPages()
    }

    /// A column named "c0" of `values`.
    init(
        _ type: DataType, _ values: [Value], _ version: FileVersion, pageBytes: Int = DataFileWriter.usualPageBytes
    ) async throws {
        var random = SplitMix64(seed: 51)
        let schema = RandomBatches.schema([type])
        let column = try RandomColumns.column(type, values, &random)
        try await self.init(
            [Batch(schema, [column], count: values.count)], schema, version, pageBytes: pageBytes)
    }

    /// Pages say their first rows, and their buffers begin at multiples of 64 and do not overlap.
    private func checkPages() throws {
        var taken: [Range<UInt64>] = []
        for index in 0..<reader.columnCount {
            var row: UInt64 = 0
            for page in try reader.columnMetadata(index).pages {
                try check(page.priority == row && page.length > 0, "a page of \(page.length) rows at \(page.priority)")
                row += page.length
                for (offset, size) in zip(page.bufferOffsets, page.bufferSizes) {
                    try check(offset % 64 == 0, "a buffer at \(offset)")
                    if size > 0 { taken.append(offset..<offset + size) }
                }
            }
            try check(row == UInt64(reader.rowCount), "\(row) rows in column \(index) of \(reader.rowCount)")
        }
        taken.sort { $0.lowerBound < $1.lowerBound }
        for (one, next) in zip(taken, taken.dropFirst()) {
            try check(one.upperBound <= next.lowerBound, "buffers overlap")
        }
    }

    /// What the pages of column `index` are.
    func encodings(_ index: Int = 0) throws -> [String] {
        try FileInspection(FileView(bytes)).columns[index].pages.map(\.encoding)
    }

    /// Bytes of the buffers of column `index`.
    func size(_ index: Int = 0) throws -> Int {
        try reader.columnMetadata(index).pages.reduce(0) { $0 + $1.bufferSizes.reduce(0) { $0 + Int($1) } }
    }

    func buffer(_ number: Int, page: Int = 0, column index: Int = 0) throws -> ByteView {
        let page = try reader.columnMetadata(index).pages[page]
        return try bytes.slice(page.bufferOffsets[number], page.bufferSizes[number])
    }

    /// Reads column `index` whole, in ranges and row by row, and expects `model`.
    func expect(_ model: [Value], column index: Int = 0, _ random: inout SplitMix64, _ context: String) async throws {
        let field = try reader.tableSchema().fields[index]
        let column = try reader.column(index, field)
        let whole = try await column.read(0..<model.count).values()
        #expect([Value].same(whole, model), "\(context)")
        for _ in 0..<4 {
            let range = random.range(in: model.count)
            let part = try await column.read(range).values()
            #expect([Value].same(part, Array(model[range])), "\(context), \(range)")
        }
        guard !model.isEmpty else { return }
        let rows = (0..<10).map { _ in random.below(model.count) }
        let taken = try await column.take(rows).values()
        #expect([Value].same(taken, rows.map { model[$0] }), "\(context), take")
    }
}
