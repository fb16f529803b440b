// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import Foundation
package import LanceProto
package import ObjectStorage
package import SwiftProtobuf
import Synchronization

/// One open data file: its tables, and its columns' metadata as they are asked for.
///
/// ```
/// page buffers … | global buffer 0: FileDescriptor | column metadata | column table | global buffer table | footer
/// ```
package final class DataFileReader: Sendable {
    package let key: ObjectKey
    package let version: FileVersion
    package let descriptor: ProtoFileDescriptor
    package let rowCount: Int
    package let columnCount: Int
    /// Size of the whole file in bytes.
    package let byteCount: Int
    let file: FileView
    private let columnTable: ByteView
    private let globalBufferTable: ByteView
    private let parsed = Mutex<[Int32: Parsed]>([:])

    private struct Parsed {
        let field: TableField
        let numbers: [Int32: Int]
        let reader: ColumnReader
    }

    /// Opens a file and reads what stands at its end. Damage throws `corrupt` with the place.
    ///
    /// - Parameter size: of the file, where it is known: saves some storages asking for it.
    package static func open(_ key: ObjectKey, size: UInt64? = nil, in storage: any ObjectStorage) async throws
        -> DataFileReader
    {
        let file = try await storage.file(key, size: size)
        return try await fetching { try DataFileReader(key, file) }
    }

    package init(_ key: ObjectKey, _ file: FileView) throws {
        guard file.count >= Footer.length else {
            throw file.corrupt("not a Lance data file: \(file.count) bytes are less than a footer")
        }
        let footer = try Footer(parsing: file.bytes(file.count - Footer.length, Footer.length))
        let (tableSize, overflow) = UInt64(footer.columns).multipliedReportingOverflow(by: 16)
        guard !overflow else { throw file.corrupt("a table of \(footer.columns) columns") }
        guard footer.globalBuffers >= 1 else { throw file.corrupt("a file without a schema", at: file.count - 16) }
        let tables = try [
            (footer.columnTable, tableSize, "the column table"),
            (footer.globalBufferTable, UInt64(footer.globalBuffers) * 16, "the global buffer table"),
        ].mapFetching { try file.bytes($0.0, $0.1, $0.2) }
        (columnTable, globalBufferTable) = (tables[0], tables[1])
        let bytes = try file.bytes(
            globalBufferTable.load(UInt64.self, at: 0), globalBufferTable.load(UInt64.self, at: 8), "the schema")
        descriptor = try bytes.message(ProtoFileDescriptor.self, "the schema")
        guard let rows = Int(exactly: descriptor.length), rows <= Int(UInt32.max) else {
            throw bytes.corrupt("\(descriptor.length) rows in one file")
        }
        self.key = key
        self.file = file
        version = footer.version
        rowCount = rows
        columnCount = Int(footer.columns)
        byteCount = file.count
    }

    /// The file is in memory or mapped: no reading of it throws `MissingBytes`.
    package var isInMemory: Bool { file.inMemory != nil }

    /// Column number `index` of the file, whose values are `field`'s; those of fields below it follow in order.
    package func column(_ index: Int, _ field: TableField) throws -> ColumnReader {
        guard index >= 0, index < columnCount else {
            throw file.corrupt("column '\(field.name)' is number \(index) of a file of \(columnCount) columns")
        }
        return try column(field, numbers: ColumnTree.consecutive(field, from: index, version))
    }

    /// The column of a field.
    ///
    /// - Parameter numbers: which column of the file has a field's values, by the field's id.
    package func column(_ field: TableField, numbers: [Int32: Int]) throws -> ColumnReader {
        if let known = parsed.withLock({ $0[field.id] }), known.field == field, known.numbers == numbers {
            return known.reader
        }
        let reader = try ColumnReader(file: self, field: field, numbers: numbers)
        parsed.withLock { $0[field.id] = Parsed(field: field, numbers: numbers, reader: reader) }
        return reader
    }

    /// What the file's schema carries beside its fields.
    package var metadata: [String: Data] { descriptor.schema.metadata }

    /// Bytes that belong to no column, by their number in the table of global buffers; number 0 is the schema.
    ///
    /// Throws `MissingBytes`, as do all that follow, where the file is elsewhere: call it in `fetching(_:)`.
    package func globalBuffer(_ index: Int) throws -> ByteView {
        guard index >= 0, index < globalBufferTable.count / 16 else {
            throw file.corrupt("global buffer \(index) of a file that has \(globalBufferTable.count / 16)")
        }
        let position = try globalBufferTable.load(UInt64.self, at: index * 16)
        let length = try globalBufferTable.load(UInt64.self, at: index * 16 + 8)
        return try file.bytes(position, length, "global buffer \(index)")
    }

    /// The metadata of one column as it stands in the file.
    package func columnMetadata(_ index: Int) throws -> ProtoColumnMetadata {
        let position = try columnTable.load(UInt64.self, at: index * 16)
        let length = try columnTable.load(UInt64.self, at: index * 16 + 8)
        let bytes = try file.bytes(position, length, "the metadata of column \(index)")
        return try bytes.message(ProtoColumnMetadata.self, "the metadata of column \(index)")
    }
}

extension ByteView {
    /// The bytes as a protobuf message; `corrupt` where they are not one.
    package func message<M: Message>(
        _ type: M.Type, _ what: @autoclosure () -> String, keepingUnknownFields: Bool = true
    ) throws -> M {
        var options = BinaryDecodingOptions.strict
        options.discardUnknownFields = !keepingUnknownFields
        do {
            return try withUnsafeBytes { raw in
                guard let base = raw.baseAddress else { return try M(serializedBytes: Data(), options: options) }
                // In place: a message copies what it keeps.
                let data = Data(
                    bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: raw.count, deallocator: .none)
                return try M(serializedBytes: data, options: options)
            }
        } catch {
            throw corrupt("\(what()) is not a well-formed \(M.protoMessageName): \(error)")
        }
    }
}

extension BinaryDecodingOptions {
    /// Deep nesting in a damaged file ends in an error long before it ends the stack.
    fileprivate static let strict: BinaryDecodingOptions = {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 64
        return options
    }()
}
