// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
import Foundation
package import LanceFile
package import LanceProto
package import ObjectStorage
import SwiftProtobuf

/// Writes rows into new data files, and says what fragments they make.
package final class FragmentWriter {
    /// As the official writer cuts: a fragment of a million rows.
    package static let rowsPerFragment = 1 << 20

    private let storage: any ObjectStorage
    private let durability: WriteDurability
    private let fields: [ProtoField]
    private let schema: Schema
    private let version: FileVersion
    private var file: (name: String, writer: DataFileWriter)?
    private var finished: [ProtoDataFragment] = []
    package private(set) var rowCount = 0
    /// Bytes of the files that are complete.
    package private(set) var byteCount = 0

    /// - Parameters:
    ///   - fields: the table's fields that the rows have, with the table's ids; others read as null.
    ///   - version: of the data files, the same for all files of a table.
    package init(
        _ storage: any ObjectStorage, fields: [ProtoField], version: FileVersion = .v2_0, durability: WriteDurability
    ) throws {
        self.version = version
        self.storage = storage
        self.durability = durability
        self.fields = fields
        schema = try TableSchema(fields).schema
    }

    package func append(_ batch: Batch) async throws {
        var rest = batch
        while rest.count > 0 {
            let (name, writer) = try await openFile()
            let room = Self.rowsPerFragment - writer.rowCount
            let part = rest.count <= room ? rest : try rest.slice(0..<room)
            try await writer.append(part)
            rowCount += part.count
            if writer.rowCount == Self.rowsPerFragment { try await close(name, writer) }
            rest = try rest.slice(part.count..<rest.count)
        }
    }

    /// Completes the last file. Returns the fragments, without ids.
    package func finish() async throws -> [ProtoDataFragment] {
        if let (name, writer) = file { try await close(name, writer) }
        return finished
    }

    /// Removes the files again; for rows whose commit did not come to pass.
    package func discard() async {
        // An unfinished file goes with its writer; one whose last step failed may be there.
        let unfinished = file.map { [$0.name] } ?? []
        file = nil
        let names = unfinished + finished.flatMap { $0.files.map(\.path) }
        finished = []
        await storage.discard(names.compactMap { try? ObjectKey("data/" + $0) })
    }

    private func openFile() async throws -> (name: String, writer: DataFileWriter) {
        if let file { return file }
        let name = Self.fileName(UUID())
        let writer = try await DataFileWriter(
            ObjectKey("data/" + name), in: storage, fields: fields, schema: schema, version: version,
            durability: durability)
        file = (name, writer)
        return (name, writer)
    }

    private func close(_ name: String, _ writer: DataFileWriter) async throws {
        let rows = writer.rowCount
        let size = try await writer.finish()
        byteCount += Int(clamping: size)
        file = nil
        finished.append(
            .with { fragment in
                fragment.physicalRows = UInt64(rows)
                fragment.files = [
                    .with { data in
                        data.path = name
                        data.fields = fields.map(\.id)
                        // Flat columns only: column i holds field i.
                        data.columnIndices = fields.indices.map { Int32($0) }
                        data.fileMajorVersion = version.manifestNumbers.major
                        data.fileMinorVersion = version.manifestNumbers.minor
                        data.fileSizeBytes = size
                    }
                ]
            })
    }

    /// 24 binary digits, so that an object store spreads the files, and 26 hexadecimal ones.
    private static func fileName(_ uuid: UUID) -> String {
        let bytes = withUnsafeBytes(of: uuid.uuid) { [UInt8]($0) }
        func padded(_ byte: UInt8, _ radix: Int, _ width: Int) -> String {
            let digits = String(byte, radix: radix)
            return String(repeating: "0", count: width - digits.count) + digits
        }
        return bytes[..<3].map { padded($0, 2, 8) }.joined() + bytes[3...].map { padded($0, 16, 2) }.joined() + ".lance"
    }
}
