// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceProto
import ObjectStorage
import SwiftProtobuf

/// A data file of many columns as many files of one: a fuzzer is slow with large inputs.
enum SeedColumns {
    /// The files by the names of their columns. Blobs, which pages speak of by their place in the file, are left behind.
    static func split(_ bytes: [UInt8]) throws -> [String: [UInt8]] {
        let view = FileView(ByteView(copying: bytes))
        let reader = try DataFileReader(ObjectKey("data/split.lance"), view)
        var files: [String: [UInt8]] = [:]
        var next = 0
        for field in try TableSchema(reader.descriptor.schema.fields).fields {
            let count = DataFileTarget.columnCount(field, reader.version)
            defer { next += count }
            var writer = ByteWriter()
            var columns: [[UInt8]] = []
            for index in next..<next + count {
                var column = try reader.columnMetadata(index)
                for page in column.pages.indices {
                    let places = zip(column.pages[page].bufferOffsets, column.pages[page].bufferSizes)
                    for (number, (offset, size)) in places.enumerated() {
                        writer.pad(toMultipleOf: 64)
                        column.pages[page].bufferOffsets[number] = UInt64(writer.count)
                        writer.write(try view.bytes(offset, size))
                    }
                }
                columns.append(try column.serializedBytes())
            }
            let ids = Set([field.id] + field.childIDs)
            var descriptor = reader.descriptor
            descriptor.schema.fields.removeAll { !ids.contains($0.id) }
            descriptor.schema.metadata = [:]
            let parts = FileParts(
                body: writer.bytes, globalBuffers: [try descriptor.serializedBytes()], columns: columns,
                end: Array(bytes.suffix(8)))
            files[field.name] = parts.bytes
        }
        return files
    }
}
