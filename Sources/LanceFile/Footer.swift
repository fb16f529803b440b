// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// The last 40 bytes of a data file (format reference: file container).
///
/// ```
/// EOF-40  u64 column metadata | u64 column table | u64 global buffer table
/// EOF-16  u32 global buffers  | u32 columns | u16 major | u16 minor | "LANC"
/// ```
struct Footer {
    static let length = 40
    static let magic: [UInt8] = Array("LANC".utf8)

    var columnMetadata: UInt64
    var columnTable: UInt64
    var globalBufferTable: UInt64
    var globalBuffers: UInt32
    var columns: UInt32
    var version: FileVersion

    init(parsing tail: ByteView) throws {
        var reader = ByteReader(tail)
        columnMetadata = try reader.read()
        columnTable = try reader.read()
        globalBufferTable = try reader.read()
        globalBuffers = try reader.read()
        columns = try reader.read()
        let major: UInt16 = try reader.read()
        let minor: UInt16 = try reader.read()
        guard try reader.bytes(4).bytes == Self.magic else {
            throw tail.corrupt("not a Lance data file: it does not end with \"LANC\"", at: 36)
        }
        version = try FileVersion(major: UInt32(major), minor: UInt32(minor), path: tail.region.name)
    }

    init(
        columnMetadata: UInt64, columnTable: UInt64, globalBufferTable: UInt64, globalBuffers: UInt32, columns: UInt32,
        version: FileVersion
    ) {
        self.columnMetadata = columnMetadata
        self.columnTable = columnTable
        self.globalBufferTable = globalBufferTable
        self.globalBuffers = globalBuffers
        self.columns = columns
        self.version = version
    }

    func write(to writer: inout ByteWriter) {
        writer.write(columnMetadata)
        writer.write(columnTable)
        writer.write(globalBufferTable)
        writer.write(globalBuffers)
        writer.write(columns)
        writer.write(version.footerNumbers.major)
        writer.write(version.footerNumbers.minor)
        writer.write(Self.magic)
    }
}
