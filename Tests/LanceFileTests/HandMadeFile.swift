// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import ObjectStorage
import SwiftProtobuf
import TestSupport

/// A data file of one column whose pages say what a test wants, true or not.
struct HandMadeFile: Sendable {
    struct Page: Sendable {
        var rows: UInt64
        var encoding: ProtoArrayEncoding
        var buffers: [[UInt8]] = []
    }

    var logicalType: String
    var rows: UInt64
    var pages: [Page]
    /// As the footer has it.
    var version: [UInt16] = [0, 3]
    /// Of a list: its items, and in version 2.0 their own column.
    var item: (type: String, pages: [Page])?
    var fieldMetadata: [String: String] = [:]
    /// The last word on a page's message, and on the column's.
    var adjust: @Sendable (inout ProtoColumnMetadata) -> Void = { _ in }

    init(_ logicalType: String, rows: UInt64, _ pages: [Page]) {
        self.logicalType = logicalType
        self.rows = rows
        self.pages = pages
    }

    /// One page of all the rows.
    init(_ logicalType: String, rows: UInt64, _ encoding: ProtoArrayEncoding, _ buffers: [[UInt8]] = []) {
        self.init(logicalType, rows: rows, [Page(rows: rows, encoding: encoding, buffers: buffers)])
    }

    func bytes() throws -> [UInt8] {
        var file = ByteWriter()
        var columns = [try Self.metadata(pages, to: &file)]
        adjust(&columns[0])
        if let item, !item.pages.isEmpty { columns.append(try Self.metadata(item.pages, to: &file)) }
        file.pad(toMultipleOf: 64)
        var fields = [
            ProtoField.with {
                $0.name = "column"
                $0.parentID = -1
                $0.logicalType = logicalType
                $0.nullable = true
                $0.metadata = fieldMetadata.mapValues { Data($0.utf8) }
            }
        ]
        if let item {
            fields.append(
                .with {
                    $0.name = "item"
                    $0.id = 1
                    $0.logicalType = item.type
                    $0.nullable = true
                })
        }
        let schemaBytes: [UInt8] = try ProtoFileDescriptor.with {
            $0.schema.fields = fields
            $0.length = rows
        }.serializedBytes()
        let schemaStart = file.count
        file.write(schemaBytes)
        var places: [(Int, Int)] = []
        for column in columns {
            let bytes: [UInt8] = try column.serializedBytes()
            places.append((file.count, bytes.count))
            file.write(bytes)
        }
        let tables = file.count
        for (start, size) in places + [(schemaStart, schemaBytes.count)] {
            file.write(UInt64(start))
            file.write(UInt64(size))
        }
        for number in [places[0].0, tables, tables + columns.count * 16] { file.write(UInt64(number)) }
        for number in [1, UInt32(columns.count)] { file.write(number) }
        for number in version { file.write(number) }
        file.write(Array("LANC".utf8))
        return file.bytes
    }

    private static func metadata(_ pages: [Page], to file: inout ByteWriter) throws -> ProtoColumnMetadata {
        var metadata = ProtoColumnMetadata()
        for page in pages {
            var proto = ProtoColumnMetadata.Page()
            proto.length = page.rows
            proto.encoding = try direct(page.encoding, "/lance.encodings.ArrayEncoding")
            for buffer in page.buffers {
                file.pad(toMultipleOf: 64)
                proto.bufferOffsets.append(UInt64(file.count))
                proto.bufferSizes.append(UInt64(buffer.count))
                file.write(buffer)
            }
            metadata.pages.append(proto)
        }
        return metadata
    }

    func column() throws -> ColumnReader {
        let reader = try DataFileReader(
            ObjectKey("data/made.lance"), FileView(ByteView(copying: bytes(), name: "made.lance")))
        return try reader.column(0, reader.tableSchema().fields[0])
    }

    static func direct(_ message: some Message, _ url: String) throws -> ProtoEncodingLocation {
        var any = Google_Protobuf_Any()
        any.typeURL = url
        any.value = try message.serializedBytes()
        let bytes: Data = try any.serializedBytes()
        return .with { $0.direct.encoding = bytes }
    }
}

/// Shorthand for encodings.
extension ProtoArrayEncoding {
    static func flat(_ bits: UInt64, _ buffer: UInt32 = 0, scheme: String? = nil) -> Self {
        .with {
            $0.flat.bitsPerValue = bits
            $0.flat.buffer = .with { $0.bufferIndex = buffer }
            if let scheme { $0.flat.compression = .with { $0.scheme = scheme } }
        }
    }

    static func noNulls(_ values: Self) -> Self { .with { $0.nullable.noNulls.values = values } }

    static func someNulls(_ validity: Self, _ values: Self) -> Self {
        .with {
            $0.nullable.someNulls.validity = validity
            $0.nullable.someNulls.values = values
        }
    }

    static var allNulls: Self { .with { $0.nullable.allNulls = .init() } }

    static func list(_ dimension: UInt32, _ items: Self) -> Self {
        .with {
            $0.fixedSizeList.dimension = dimension
            $0.fixedSizeList.items = items
        }
    }

    static func binary(_ indices: Self, _ bytes: Self, adjustment: UInt64) -> Self {
        .with {
            $0.binary.indices = indices
            $0.binary.bytes = bytes
            $0.binary.nullAdjustment = adjustment
        }
    }

    static func dictionary(_ indices: Self, _ items: Self, count: UInt32) -> Self {
        .with {
            $0.dictionary.indices = indices
            $0.dictionary.items = items
            $0.dictionary.numDictionaryItems = count
        }
    }
}

/// Numbers as the bytes of a buffer.
func buffer<T: FixedWidthInteger & BitwiseCopyable>(_ numbers: [T]) -> [UInt8] {
    var writer = ByteWriter()
    for number in numbers { writer.write(number) }
    return writer.bytes
}
