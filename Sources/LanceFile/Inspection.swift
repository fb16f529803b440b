// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
import LanceProto
import ObjectStorage
import SwiftProtobuf

/// What stands in a file of Lance's container, data or index: for looking at, not for reading values.
///
/// Goes below `DataFileReader`: a file version or an encoding that this package does not read is shown all the same,
/// and what is damaged is told in place while the rest is still shown.
package struct FileInspection: Sendable, Encodable {
    package struct Buffer: Sendable, Encodable {
        package var offset: UInt64
        package var size: UInt64
    }

    package struct Page: Sendable, Encodable {
        package var rows: UInt64
        package var encoding: String
        package var buffers: [Buffer]
    }

    package struct Column: Sendable, Encodable {
        package var index: Int
        /// The path of the field that the file's own schema puts here; nil where it does not tell.
        package var name: String?
        package var type: String?
        package var pages: [Page]
        /// What is wrong with the column's metadata.
        package var error: String?
    }

    package var path: String
    package var size: Int
    /// As table manifests spell it: "2.0" for a footer that says 0.3.
    package var version: String
    package var rows: UInt64
    package var columns: [Column]
    package var globalBuffers: [Buffer]
    /// The schema's metadata, where index files say what they are.
    package var metadata: [String: String]

    /// Looks at a file of this machine.
    package static func file(at path: String) async throws -> FileInspection {
        try FileInspection(FileView(try await LocalFile.open(path).view))
    }

    package init(_ file: FileView) throws {
        guard file.count >= Footer.length else {
            throw file.corrupt("not a Lance file: \(file.count) bytes are less than a footer")
        }
        // Not by `Footer`, which refuses versions that are not read.
        let footer = try file.bytes(file.count - Footer.length, Footer.length)
        guard try footer.slice(36, 4).bytes == Footer.magic else {
            throw footer.corrupt("not a Lance file: it does not end with \"LANC\"", at: 36)
        }
        let (major, minor) = (try footer.load(UInt16.self, at: 32), try footer.load(UInt16.self, at: 34))
        guard (major, minor) >= (0, 3) else {
            throw Failure(
                .unsupported, "a manifest, or a data file of the legacy format \(major).\(minor)",
                path: file.name)
        }
        version = (major, minor) == (0, 3) ? "2.0" : "\(major).\(minor)"
        path = file.name
        size = file.count
        globalBuffers = try Self.table(
            file, footer.load(UInt64.self, at: 16), footer.load(UInt32.self, at: 24), "the global buffer table")
        let columnTable = try Self.table(
            file, footer.load(UInt64.self, at: 8), footer.load(UInt32.self, at: 28), "the column table")
        // Each column has its own bytes; else a small file could tell of any number of pages.
        let (metadataSize, overflow) = columnTable.reduce((UInt64(0), false)) { total, place in
            let (sum, overflow) = total.0.addingReportingOverflow(place.size)
            return (sum, total.1 || overflow)
        }
        guard !overflow, metadataSize <= UInt64(file.count) else {
            throw file.corrupt("\(columnTable.count) columns whose metadata is larger than the file")
        }
        var descriptor = ProtoFileDescriptor()
        if let first = globalBuffers.first {
            descriptor = try file.bytes(first.offset, first.size, "the schema")
                .message(ProtoFileDescriptor.self, "the schema")
        }
        rows = descriptor.length
        metadata = descriptor.schema.metadata.mapValues { String(decoding: $0, as: UTF8.self) }
        let fields = ColumnNames.of(descriptor.schema.fields, count: columnTable.count, version: version)
        columns = try columnTable.enumerated().mapFetching { index, place in
            var column = Column(index: index, name: fields?[index].name, type: fields?[index].type, pages: [])
            do {
                let metadata = try file.bytes(place.offset, place.size, "the metadata of column \(index)")
                    .message(ProtoColumnMetadata.self, "the metadata of column \(index)")
                column.pages = metadata.pages.map { Self.page($0, file) }
            } catch let failure as Failure {
                column.error = "\(failure)"
            }
            return column
        }
    }

    private static func table(_ file: FileView, _ offset: UInt64, _ count: UInt32, _ what: String) throws -> [Buffer] {
        let bytes = try file.bytes(offset, UInt64(count) * 16, what)
        return try (0..<Int(count)).map { index in
            Buffer(
                offset: try bytes.load(UInt64.self, at: index * 16),
                size: try bytes.load(UInt64.self, at: index * 16 + 8))
        }
    }

    private static func page(_ proto: ProtoColumnMetadata.Page, _ file: FileView) -> Page {
        let encoding: String
        do {
            encoding = EncodingSummary.text(try LanceFile.Page(proto, firstRow: 0, file: file).encoding)
        } catch {
            encoding = "damaged: \(error)"
        }
        return Page(
            rows: proto.length, encoding: encoding,
            buffers: zip(proto.bufferOffsets, proto.bufferSizes).map { Buffer(offset: $0, size: $1) })
    }
}

/// Which field's values a column of a file holds, by the file's own schema.
private enum ColumnNames {
    /// One entry a column; nil where schema and columns cannot be matched.
    ///
    /// In version 2.0 every field has a column, from 2.1 on only those without fields below them.
    static func of(_ fields: [ProtoField], count: Int, version: String) -> [(name: String, type: String)]? {
        var names: [Int32: String] = [:]
        var parents = Set<Int32>()
        for field in fields where field.parentID >= 0 { parents.insert(field.parentID) }
        var found: [(String, String)] = []
        for field in fields {
            let name = names[field.parentID].map { "\($0).\(field.name)" } ?? field.name
            names[field.id] = name
            if version == "2.0" || !parents.contains(field.id) { found.append((name, field.logicalType)) }
        }
        return found.count == count ? found : nil
    }
}

/// A file of this machine that is opened by its path and not by a table.
package enum LocalFile {
    package static func open(_ path: String) async throws -> Region {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let directory = parts.dropLast().joined(separator: "/")
        let root = directory.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : directory
        return try await LocalStorage(path: root).open(ObjectKey(String(parts.last ?? "")))
    }
}
