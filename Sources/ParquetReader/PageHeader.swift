// SPDX-License-Identifier: Apache-2.0

/// What stands before each page.
struct PageHeader {
    enum Kind: Equatable {
        case data(DataHeader)
        case dictionary(valueCount: Int, encoding: Int32)
        /// An index page, or one of a kind that was not known when this was written.
        case other
    }

    /// Both versions of a data page's header.
    ///
    ///     v1  compressed[ u32 n, repetition levels; u32 n, definition levels; values ]
    ///     v2  repetition levels, definition levels, compressed[ values ]
    struct DataHeader: Equatable {
        var isV2 = false
        var valueCount = 0
        var encoding: Int32 = 0
        var definitionEncoding: Int32 = 3
        var repetitionEncoding: Int32 = 3
        // Version 2 alone:
        var nullCount = 0
        var rowCount = 0
        var definitionSize = 0
        var repetitionSize = 0
        var isCompressed = true
    }

    var kind = Kind.other
    var uncompressedSize = 0
    var compressedSize = 0
    var checksum: UInt32?

    init(_ thrift: inout ThriftReader) throws {
        var type: Int32 = -1
        var (v1, v2): (DataHeader?, DataHeader?) = (nil, nil)
        var dictionary: Kind?
        var hasSize = false
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1: type = try thrift.int32(field)
            case 2: uncompressedSize = try thrift.count32(field, "a page's uncompressed size")
            case 3:
                compressedSize = try thrift.count32(field, "a page's compressed size")
                hasSize = true
            case 4: checksum = UInt32(bitPattern: try thrift.int32(field))
            case 5: v1 = try Self.dataV1(&thrift, field)
            case 7: dictionary = try Self.dictionary(&thrift, field)
            case 8: v2 = try Self.dataV2(&thrift, field)
            default: try thrift.skip(field)
            }
        }
        guard hasSize else { throw thrift.corrupt("a page header without a size") }
        switch type {
        case 0: kind = try v1.map { .data($0) } ?? Self.missing(thrift, "data page")
        case 2: kind = try dictionary ?? Self.missing(thrift, "dictionary page")
        case 3: kind = try v2.map { .data($0) } ?? Self.missing(thrift, "data page (v2)")
        default: kind = .other
        }
    }

    private static func missing(_ thrift: ThriftReader, _ what: String) throws -> Kind {
        throw thrift.corrupt("the header of a \(what) lacks the part for that kind")
    }

    private static func dataV1(_ thrift: inout ThriftReader, _ field: ThriftReader.Field) throws -> DataHeader {
        try thrift.structure(field)
        var header = DataHeader()
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1: header.valueCount = try thrift.count32(field, "a page's number of values")
            case 2: header.encoding = try thrift.int32(field)
            case 3: header.definitionEncoding = try thrift.int32(field)
            case 4: header.repetitionEncoding = try thrift.int32(field)
            default: try thrift.skip(field)
            }
        }
        return header
    }

    private static func dataV2(_ thrift: inout ThriftReader, _ field: ThriftReader.Field) throws -> DataHeader {
        try thrift.structure(field)
        var header = DataHeader(isV2: true)
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1: header.valueCount = try thrift.count32(field, "a page's number of values")
            case 2: header.nullCount = try thrift.count32(field, "a page's number of nulls")
            case 3: header.rowCount = try thrift.count32(field, "a page's number of rows")
            case 4: header.encoding = try thrift.int32(field)
            case 5: header.definitionSize = try thrift.count32(field, "the size of a page's definition levels")
            case 6: header.repetitionSize = try thrift.count32(field, "the size of a page's repetition levels")
            case 7: header.isCompressed = try thrift.bool(field)
            default: try thrift.skip(field)
            }
        }
        return header
    }

    private static func dictionary(_ thrift: inout ThriftReader, _ field: ThriftReader.Field) throws -> Kind {
        try thrift.structure(field)
        var (count, encoding): (Int, Int32) = (0, 0)
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1: count = try thrift.count32(field, "a dictionary's number of values")
            case 2: encoding = try thrift.int32(field)
            default: try thrift.skip(field)
            }
        }
        return .dictionary(valueCount: count, encoding: encoding)
    }
}
