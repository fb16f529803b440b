// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import ParquetReader

/// A Parquet file of one row group and one column (or a few), put together page by page.
struct HandmadeFile {
    enum Physical: Int32 { case boolean = 0, int32, int64, int96, float, double, bytes, fixed }

    struct Part {
        /// Elements below the root, parents first.
        var elements: [ThriftValue]
        var physical: Physical
        var values: Int
        var pages: [[UInt8]]
        var hasDictionary = false
        var extra: [Int: ThriftValue] = [:]
    }

    var columns: [Part]
    var rows: Int
    var codec: Int32 = 0
    /// More fields of the file's metadata.
    var extra: [Int: ThriftValue] = [:]

    init(_ columns: [Part], rows: Int, codec: Int32 = 0, extra: [Int: ThriftValue] = [:]) {
        (self.columns, self.rows, self.codec, self.extra) = (columns, rows, codec, extra)
    }

    /// One flat column called `v`.
    init(
        _ physical: Physical, nullable: Bool = false, converted: Int32? = nil, rows: Int, codec: Int32 = 0,
        hasDictionary: Bool = false, length: Int32? = nil, _ pages: [[UInt8]]
    ) {
        let element = Self.element(
            "v", physical, repetition: nullable ? 1 : 0, converted: converted, length: length)
        self.init(
            [Part(elements: [element], physical: physical, values: rows, pages: pages, hasDictionary: hasDictionary)],
            rows: rows, codec: codec)
    }

    /// One nullable list of nullable items called `v`.
    static func list(_ physical: Physical, rows: Int, values: Int, _ pages: [[UInt8]], converted: Int32? = nil)
        -> HandmadeFile
    {
        let elements = [
            element("v", nil, repetition: 1, children: 1, converted: 3),
            element("list", nil, repetition: 2, children: 1),
            element("element", physical, repetition: 1, converted: converted),
        ]
        return HandmadeFile([Part(elements: elements, physical: physical, values: values, pages: pages)], rows: rows)
    }

    static func element(
        _ name: String, _ physical: Physical?, repetition: Int32 = 0, children: Int32? = nil, converted: Int32? = nil,
        length: Int32? = nil
    ) -> ThriftValue {
        var fields: [Int: ThriftValue] = [3: .int32(repetition), 4: .text(name)]
        if let physical { fields[1] = .int32(physical.rawValue) }
        if let length { fields[2] = .int32(length) }
        if let children { fields[5] = .int32(children) }
        if let converted { fields[6] = .int32(converted) }
        return .structure(fields)
    }

    var bytes: [UInt8] {
        var data = Array("PAR1".utf8)
        var chunks: [ThriftValue] = []
        for column in columns {
            let start = data.count
            let body = column.pages.flatMap { $0 }
            let first = column.hasDictionary ? start + (column.pages.first?.count ?? 0) : start
            data += body
            var metadata: [Int: ThriftValue] = [
                1: .int32(column.physical.rawValue), 2: .list([.int32(0)]), 3: .list([.text("v")]), 4: .int32(codec),
                5: .int64(Int64(column.values)), 6: .int64(Int64(body.count)), 7: .int64(Int64(body.count)),
                9: .int64(Int64(first)),
            ]
            if column.hasDictionary { metadata[11] = .int64(Int64(start)) }
            chunks.append(.structure([3: .structure(metadata)].merging(column.extra) { $1 }))
        }
        let root = Self.element("root", nil, children: Int32(columns.count))
        let group = ThriftValue.structure([1: .list(chunks), 3: .int64(Int64(rows))])
        let footer = ThriftValue.structure(
            [
                1: .int32(1), 2: .list([root] + columns.flatMap(\.elements)), 3: .int64(Int64(rows)), 4: .list([group]),
            ].merging(extra) { $1 })
        return Self.closing(data, footer.bytes)
    }

    static func closing(_ data: [UInt8], _ footer: [UInt8]) -> [UInt8] {
        data + footer + littleEndian(UInt32(footer.count)) + Array("PAR1".utf8)
    }

    func open() throws -> ParquetFile { try ParquetFile(Region(copying: bytes, name: "made.parquet")) }

    /// All rows of a column, as text.
    func values(_ column: String = "v", maxBytes: Int = 8 << 20) throws -> [String] {
        var batches = try open().batches(columns: [column], maxBytes: maxBytes)
        var result: [String] = []
        while let batch = try batches.next() {
            for row in 0..<batch.count {
                var text: [UInt8] = []
                CanonicalText.append(batch.columns[0], row, to: &text)
                result.append(String(decoding: text, as: UTF8.self))
            }
        }
        return result
    }

    // MARK: Pages

    static func page(
        _ count: Int, _ values: [UInt8], definition: [UInt8]? = nil, repetition: [UInt8]? = nil, encoding: Int32 = 0,
        compressed: [UInt8]? = nil, uncompressedSize: Int? = nil, levels: Int32 = 3, extra: [Int: ThriftValue] = [:]
    ) -> [UInt8] {
        let plain = (repetition.map(sized) ?? []) + (definition.map(sized) ?? []) + values
        let body = compressed ?? plain
        let header: [Int: ThriftValue] = [
            1: .int32(0), 2: .int32(Int32(uncompressedSize ?? plain.count)), 3: .int32(Int32(body.count)),
            5: .structure([1: .int32(Int32(count)), 2: .int32(encoding), 3: .int32(levels), 4: .int32(levels)]),
        ]
        return ThriftValue.structure(header.merging(extra) { $1 }).bytes + body
    }

    static func dictionary(_ count: Int, _ values: [UInt8]) -> [UInt8] {
        ThriftValue.structure([
            1: .int32(2), 2: .int32(Int32(values.count)), 3: .int32(Int32(values.count)),
            7: .structure([1: .int32(Int32(count)), 2: .int32(0)]),
        ]).bytes + values
    }

    static func sized(_ bytes: [UInt8]) -> [UInt8] { littleEndian(UInt32(bytes.count)) + bytes }

    static func texts(_ texts: String...) -> [UInt8] { texts.flatMap { sized(Array($0.utf8)) } }

    /// One bit-packed run of `width`-bit values.
    static func packed(_ values: [UInt64], _ width: Int) -> [UInt8] {
        let groups = (values.count + 7) / 8
        return Varint.encode(UInt64(groups) << 1 | 1)
            + pack(values + [UInt64](repeating: 0, count: groups * 8 - values.count), width)
    }

    static func repeated(_ value: UInt64, _ count: Int, width: Int) -> [UInt8] {
        Varint.encode(UInt64(count) << 1)
            + (0..<(width + 7) / 8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }

    static func pack(_ values: [UInt64], _ width: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: (values.count * width + 7) / 8)
        for (index, value) in values.enumerated() {
            for bit in 0..<width where value >> UInt64(bit) & 1 == 1 {
                result[(index * width + bit) / 8] |= 1 << UInt8((index * width + bit) % 8)
            }
        }
        return result
    }
}
