// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// A file of Lance's container taken apart, to be put together with other parts.
struct FileParts {
    /// With the page buffers; what is changed stands behind.
    var body: [UInt8]
    var globalBuffers: [[UInt8]]
    var columns: [[UInt8]]
    /// Versions and magic.
    var end: [UInt8]

    init(body: [UInt8], globalBuffers: [[UInt8]], columns: [[UInt8]], end: [UInt8]) {
        self.body = body
        self.globalBuffers = globalBuffers
        self.columns = columns
        self.end = end
    }

    /// Nil where the bytes are no such file.
    init?(_ bytes: [UInt8]) {
        let view = ByteView(copying: bytes)
        func table(_ offset: UInt64, _ count: UInt32) throws -> [(UInt64, UInt64)] {
            let entries = try view.slice(offset, UInt64(count) * 16)
            return try (0..<Int(count)).map {
                (try entries.load(at: $0 * 16) as UInt64, try entries.load(at: $0 * 16 + 8) as UInt64)
            }
        }
        do {
            let footer = try view.slice(bytes.count - 40, 40)
            let globals = try table(footer.load(at: 16), footer.load(at: 24))
            let columnTable: UInt64 = try footer.load(at: 8)
            let columns = try table(columnTable, footer.load(at: 28))
            let cut = min(globals.first?.0 ?? columnTable, columns.map(\.0).min() ?? columnTable, columnTable)
            body = try view.slice(0, cut).bytes
            globalBuffers = try globals.map { try view.slice($0.0, $0.1).bytes }
            self.columns = try columns.map { try view.slice($0.0, $0.1).bytes }
            end = Array(bytes.suffix(8))
        } catch {
            return nil
        }
    }

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(body)
        func write(_ parts: [[UInt8]]) -> [(Int, Int)] {
            parts.map {
                writer.write($0)
                return (writer.count - $0.count, $0.count)
            }
        }
        let globals = write(globalBuffers)
        let metadata = writer.count
        let columns = write(columns)
        func table(_ entries: [(Int, Int)]) -> Int {
            let place = writer.count
            for (offset, length) in entries {
                writer.write(UInt64(offset))
                writer.write(UInt64(length))
            }
            return place
        }
        let (columnTable, globalTable) = (table(columns), table(globals))
        for place in [metadata, columnTable, globalTable] { writer.write(UInt64(place)) }
        writer.write(UInt32(globals.count))
        writer.write(UInt32(columns.count))
        writer.write(end)
        return writer.bytes
    }
}
