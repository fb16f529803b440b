// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto
import ObjectStorage
import SwiftProtobuf
import Testing
import TestSupport

/// Writes a file and reads it back.
struct RoundTripTests {
    /// Writes `batches` of one schema; gives the file opened.
    static func write(_ batches: [Batch], _ schema: Schema, in storage: any ObjectStorage = MemoryStorage())
        async throws
        -> DataFileReader
    {
        let key = try ObjectKey("data/file.lance")
        let fields = try TableSchema.protos(for: schema)
        let writer = try await DataFileWriter(key, in: storage, fields: fields, schema: schema, durability: .relaxed)
        for batch in batches { try await writer.append(batch) }
        let size = try await writer.finish()
        let reader = try await DataFileReader.open(key, in: storage)
        try check(reader.byteCount == Int(size), "the writer says \(size) bytes, the file has \(reader.byteCount)")
        try checkLayout(reader, await storage.open(key).view)
        return reader
    }

    /// Format reference: file container. G0 < A <= B, B + 16 x columns = C, and every buffer begins at a multiple of 64.
    static func checkLayout(_ reader: DataFileReader, _ file: ByteView) throws {
        var footer = ByteReader(try file.slice(file.count - 40, 40))
        let (a, b, c): (UInt64, UInt64, UInt64) = try (footer.read(), footer.read(), footer.read())
        let (globals, columns): (UInt32, UInt32) = try (footer.read(), footer.read())
        let (major, minor): (UInt16, UInt16) = try (footer.read(), footer.read())
        try check(globals == 1 && Int(columns) == reader.columnCount, "\(globals) global buffers, \(columns) columns")
        try check((major, minor) == (0, 3), "version \(major).\(minor)")
        let schemaStart = try file.load(UInt64.self, at: Int(c))
        let schemaLength = try file.load(UInt64.self, at: Int(c) + 8)
        try check(
            schemaStart < a && schemaStart + schemaLength == a && a <= b, "tables at \(schemaStart), \(a), \(b), \(c)")
        try check(b + 16 * UInt64(columns) == c && Int(c) + 16 + 40 == file.count, "the tables' places: \(b), \(c)")
        try check(schemaStart % 64 == 0, "the schema stands at \(schemaStart)")
        var metadataEnd = a
        var taken: [Range<UInt64>] = []
        for index in 0..<reader.columnCount {
            try check(try file.load(UInt64.self, at: Int(b) + index * 16) == metadataEnd, "metadata of column \(index)")
            metadataEnd += try file.load(UInt64.self, at: Int(b) + index * 16 + 8)
            let metadata = try reader.columnMetadata(index)
            try check(metadata.pages.reduce(0) { $0 + $1.length } == UInt64(reader.rowCount), "rows of column \(index)")
            for page in metadata.pages {
                try check(page.length > 0, "an empty page")
                for (offset, size) in zip(page.bufferOffsets, page.bufferSizes) {
                    try check(
                        offset % 64 == 0 && offset + size <= schemaStart, "a buffer at \(offset) of \(size) bytes")
                    if size > 0 { taken.append(offset..<offset + size) }
                }
            }
        }
        try check(metadataEnd == b, "the metadata ends at \(metadataEnd), its table begins at \(b)")
        taken.sort { $0.lowerBound < $1.lowerBound }
        for (one, next) in zip(taken, taken.dropFirst()) {
            try check(one.upperBound <= next.lowerBound, "buffers overlap")
        }
    }

    @Test(arguments: [0, 1, 7, 8, 9, 1000]) func everyType(_ rows: Int) async throws {
        var random = SplitMix64(seed: UInt64(rows) + 41)
        let schema = RandomBatches.schema(RandomColumns.writableTypes)
        for nulls in RandomColumns.Nulls.allCases {
            let (batch, values) = try RandomBatches.batch(schema, count: rows, nulls: nulls, &random)
            // In parts that do not begin at a byte's first bit, too.
            let cut = random.range(in: rows)
            let parts = [0..<cut.lowerBound, cut, cut.upperBound..<rows]
            for batches in [[batch], try parts.map { try batch.slice($0) }] {
                let reader = try await Self.write(batches, schema)
                #expect(reader.rowCount == rows)
                for (index, field) in try reader.tableSchema().fields.enumerated() {
                    let context = "\(field.type), \(nulls), \(rows) rows"
                    #expect(field.type == schema.fields[index].type, "\(context)")
                    let column = try reader.column(index, field)
                    try await expectSame(column, values[index], &random, context)
                }
            }
        }
    }

    /// The whole, random ranges and random rows.
    private func expectSame(
        _ column: ColumnReader, _ model: [Value], _ random: inout SplitMix64, _ context: String
    ) async throws {
        let whole = try await column.read(0..<model.count).values()
        #expect([Value].same(whole, model), "\(context)")
        for _ in 0..<5 {
            let range = random.range(in: model.count)
            let part = try await column.read(range).values()
            #expect([Value].same(part, Array(model[range])), "\(context), \(range)")
        }
        guard !model.isEmpty else { return }
        let rows = (0..<10).map { _ in random.below(model.count) }
        let taken = try await column.take(rows).values()
        #expect([Value].same(taken, rows.map { model[$0] }), "\(context), take")
    }

    @Test func manyRows() async throws { try await HeavyWork.alone { try await manyRowsAlone() } }

    private func manyRowsAlone() async throws {
        var random = SplitMix64(seed: 43)
        let schema = RandomBatches.schema([.int32, .bool, .utf8, .fixedSizeList(.float32, 8), .null, .int8])
        var batches: [Batch] = []
        var values = [[Value]](repeating: [], count: schema.fields.count)
        for nulls in [RandomColumns.Nulls.some, .none, .all, .some] {
            let (batch, more) = try RandomBatches.batch(schema, count: 25_000, nulls: nulls, &random)
            batches.append(batch)
            for index in more.indices { values[index] += more[index] }
        }
        let reader = try await Self.write(batches, schema)
        #expect(reader.rowCount == 100_000)
        for (index, field) in try reader.tableSchema().fields.enumerated() {
            try await expectSame(reader.column(index, field), values[index], &random, "\(field.type)")
        }
    }

    /// Rows of 100 KB: pages of about 8 MiB, ranges across their borders, blocks as they lie.
    @Test func manyPages() async throws { try await HeavyWork.alone { try await manyPagesAlone() } }

    private func manyPagesAlone() async throws {
        var random = SplitMix64(seed: 44)
        let dimension = 25_000
        let schema = RandomBatches.schema([.fixedSizeList(.float32, dimension), .binary, .int64])
        let rows = 300
        var batches: [Batch] = []
        for start in stride(from: 0, to: rows, by: 50) {
            let floats = (0..<50).flatMap { row in (0..<dimension).map { Float(start + row) + Float($0) / 32768 } }
            var writer = ByteWriter()
            writer.write(elements: floats)
            let items = try Column(.float32, count: floats.count, storage: .fixed(ByteView(copying: writer.bytes)))
            var blobs = ColumnBuilder(.binary)
            var numbers = ColumnBuilder(.int64)
            for row in start..<start + 50 {
                [UInt8](repeating: UInt8(truncatingIfNeeded: row), count: 90_000 + row).withUnsafeBytes {
                    blobs.append(bytes: $0)
                }
                numbers.append(fixed: Int64(row))
            }
            batches.append(
                try Batch(
                    schema,
                    [
                        try Column(
                            schema.fields[0].type, count: 50, storage: .fixedSizeList(items: items, length: dimension)),
                        try blobs.finish(), try numbers.finish(),
                    ]))
        }
        let reader = try await Self.write(batches, schema)
        let fields = try reader.tableSchema().fields
        let columns = try fields.enumerated().map { try reader.column($0.offset, $0.element) }
        let page = 8 << 20
        for (column, width) in zip(columns, [dimension * 4, 90_000]) {
            #expect(column.pages.count == 4)
            for part in column.pages.dropLast() { #expect(part.byteCount <= page && part.byteCount > page - 2 * width) }
        }
        #expect(columns[2].pages.count == 1)
        for _ in 0..<10 {
            let range = random.range(in: rows)
            for (column, index) in zip(columns, 0...) {
                let part = try await column.read(range)
                let whole = try Column.concatenate(batches.map { $0.columns[index] }, type: part.type).slice(range)
                #expect(part.flatBytes == whole.flatBytes, "column \(index), \(range)")
            }
        }
        var next = 0
        for block in try await columns[0].vectorBlocks() {
            #expect(block.firstRow == next && block.validity == nil)
            #expect(try block.floats.load(UInt32.self, at: 0) == Float(block.firstRow).bitPattern)
            next += block.rowCount
        }
        #expect(next == rows)
    }

    @Test func valuesLargerThanAPage() async throws {
        try await HeavyWork.alone { try await valuesLargerThanAPageAlone() }
    }

    private func valuesLargerThanAPageAlone() async throws {
        let schema = RandomBatches.schema([.utf8, .int32])
        let texts = [
            "small", String(repeating: "x", count: 12 << 20), "", String(repeating: "é", count: 5 << 20), "end",
        ]
        var text = ColumnBuilder(.utf8)
        var numbers = ColumnBuilder(.int32)
        for (index, value) in texts.enumerated() {
            text.append(value)
            numbers.append(fixed: Int32(index))
        }
        let reader = try await Self.write([try Batch(schema, [text.finish(), numbers.finish()])], schema)
        let fields = try reader.tableSchema().fields
        let column = try reader.column(0, fields[0])
        // "small"; the long one; "" and the next (10 MiB, more than a page); "end".
        #expect(column.pages.map(\.rowCount) == [1, 1, 1, 1, 1])
        for row in texts.indices { #expect(try await column.read(row..<row + 1).value(0) == .string(texts[row])) }
        #expect(try await column.read(0..<5).values() == texts.map { .string($0) })
    }

    @Test func rowsOutsideThrow() async throws {
        let schema = RandomBatches.schema([.int32])
        let reader = try await Self.write([try Batch(schema, [Column.nulls(.int32, count: 3)])], schema)
        let column = try reader.column(0, reader.tableSchema().fields[0])
        for range in [0..<4, 3..<4, -1..<1, 0..<Int.max, Int.min..<0] {
            await #expect(throws: Failure.self) { try await column.read(range) }
        }
        #expect(try await column.read(3..<3).count == 0)
        for row in [3, -1] { await #expect(throws: Failure.self) { try await column.take([row]) } }
        for index in [-1, 1, Int.max, Int.min] {
            #expect(throws: Failure.self) { try reader.column(index, column.field) }
        }
        await #expect(throws: Failure.self) { try await column.vectorBlocks() }
    }

    @Test func whatCannotBeStoredIsRefusedByName() async throws {
        for type in [
            DataType.list(.int32), .other("map"), .fixedSizeList(.utf8, 2), .fixedSizeList(.fixedSizeList(.int8, 2), 2),
            .fixedSizeList(.float32, 0), .fixedSizeList(.float32, 1 << 40), .fixedSizeList(.null, 3),
            .fixedSizeBinary(-1),
        ] {
            let failure = #expect(throws: Failure.self) { try TableSchema.protos(for: Schema([Field("odd", type)])) }
            #expect(failure?.code == .unsupported && failure?.message.contains("'odd'") == true)
        }
        let schema = Schema([Field("must", .int32, nullable: false)])
        let failure = await #expect(throws: Failure.self) {
            try await Self.write([try Batch(schema, [Column.nulls(.int32, count: 2)])], schema)
        }
        #expect(failure?.code == .schemaMismatch && failure?.message.contains("'must'") == true)
        let other = RandomBatches.schema([.int64])
        await #expect(throws: Failure.self) {
            try await Self.write([try Batch(other, [Column.nulls(.int64, count: 2)])], RandomBatches.schema([.int32]))
        }
    }

    @Test func anUnfinishedFileIsGone() async throws {
        let place = try TemporaryDirectory()
        let storage = LocalStorage(path: place.path)
        let schema = RandomBatches.schema([.utf8])
        do {
            let writer = try await DataFileWriter(
                ObjectKey("data/a.lance"), in: storage, fields: TableSchema.protos(for: schema), schema: schema,
                durability: .relaxed)
            var text = ColumnBuilder(.utf8)
            text.append(String(repeating: "x", count: 9 << 20))
            try await writer.append(Batch(schema, [text.finish()]))
        }
        #expect(try await storage.walk().isEmpty)
    }
}

extension Column {
    /// The bytes of all values without their gaps, to compare big columns by.
    fileprivate var flatBytes: [UInt8] {
        switch storage {
        case .fixed(let view): view.bytes
        case .variable(let offsets, let data):
            Array(data.bytes[offsets[0]..<offsets[count]])
                + zip(offsets, offsets.dropFirst()).flatMap { withUnsafeBytes(of: $1 - $0) { Array($0) } }
        case .fixedSizeList(let items, _): items.flatBytes
        default: []
        }
    }
}
