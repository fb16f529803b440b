// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import CZstd

/// The `.arrow` form of a deletion file: an Arrow IPC file with one batch of one column, `row_id: uint32`.
///
/// ```
/// "ARROW1" 00 00 | messages … | footer (FlatBuffers) | i32 footer length | "ARROW1"
/// message  u32 0xffffffff | i32 metadata length | Message (FlatBuffers) | body
/// ```
/// Lance compresses the body with zstd: each buffer is an i64 raw length (-1: stored as it is), then the data.
enum ArrowDeletionFile {
    private static let magic = Array("ARROW1".utf8)
    private static let zstd: Int8 = 1
    private static let uncompressed: Int64 = -1

    /// The deleted offsets, in the file's order; at most `limit`.
    static func read(_ file: ByteView, limit: Int) throws -> [UInt32] {
        guard file.count >= 20, try file.slice(file.count - 6, 6).bytes == magic else {
            throw file.corrupt("not an Arrow file: it does not end with \"ARROW1\"")
        }
        let footerLength = Int(try file.load(Int32.self, at: file.count - 10))
        let footer = try FlatBufferTable(root: file.slice(file.count - 10 - footerLength, footerLength, "the footer"))
        // Footer: version 0, schema 1, dictionaries 2, record batches 3: { i64 offset, i32 metadata, pad, i64 body }.
        guard let blocks = try footer.structs(3, stride: 24), blocks.count == 24 else {
            throw file.corrupt("a deletion file must have one record batch")
        }
        let metadataLength = UInt64(clamping: try blocks.load(Int32.self, at: 8))
        let start = UInt64(clamping: try blocks.load(Int64.self, at: 0))
        let metadata = try file.slice(start, metadataLength, "the record batch's metadata")
        let bodyLength = UInt64(clamping: try blocks.load(Int64.self, at: 16))
        let (bodyStart, overflow) = start.addingReportingOverflow(metadataLength)
        guard !overflow else { throw file.corrupt("a record batch beyond the file") }
        let body = try file.slice(bodyStart, bodyLength, "the record batch's body")

        let prefix = try metadata.load(UInt32.self, at: 0) == UInt32.max ? 8 : 4
        let message = try FlatBufferTable(root: metadata.slice(prefix, metadata.count - prefix))
        guard let batch = try message.table(2) else { throw metadata.corrupt("a message without a record batch") }
        return try values(batch, body, limit)
    }

    /// RecordBatch: length 0, nodes 1, buffers 2: { i64 offset, i64 length }, compression 3.
    private static func values(_ batch: FlatBufferTable, _ body: ByteView, _ limit: Int) throws -> [UInt32] {
        guard let rows = Int(exactly: try batch.scalar(0, default: Int64(0))), rows >= 0, rows <= limit else {
            throw body.corrupt("more deleted rows than the fragment's \(limit)")
        }
        guard rows > 0 else { return [] }
        guard let buffers = try batch.structs(2, stride: 16), buffers.count == 32 else {
            throw body.corrupt("a deletion file's column must have a validity and a value buffer")
        }
        let stored = try body.slice(
            UInt64(clamping: try buffers.load(Int64.self, at: 16)),
            UInt64(clamping: try buffers.load(Int64.self, at: 24)),
            "the deleted rows")
        guard let compression = try batch.table(3) else {
            return try stored.slice(0, rows * 4, "the deleted rows").array(of: UInt32.self)
        }
        let rawLength = try stored.load(Int64.self, at: 0)
        let data = try stored.slice(8, stored.count - 8)
        if rawLength == uncompressed { return try data.slice(0, rows * 4, "the deleted rows").array(of: UInt32.self) }
        guard try compression.scalar(0, default: Int8(0)) == zstd else {
            throw Failure(
                .unsupported, "a deletion file compressed with LZ4; Lance writes zstd", path: body.region.name)
        }
        // Arrow pads buffers, so the raw length may be a little more than the rows.
        guard let length = Int(exactly: rawLength), length >= rows * 4, length <= rows * 4 + 64 else {
            throw stored.corrupt("\(rawLength) bytes for \(rows) deleted rows")
        }
        let region = try Region(count: length, name: body.region.name) { target in
            let written = data.withUnsafeBytes { ZSTD_decompress(target.baseAddress, length, $0.baseAddress, $0.count) }
            guard ZSTD_isError(written) == 0, written == length else {
                throw data.corrupt("a zstd buffer that does not give its \(length) bytes")
            }
        }
        return try region.view.slice(0, rows * 4).array(of: UInt32.self)
    }
}
