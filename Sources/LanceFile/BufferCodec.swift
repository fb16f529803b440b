// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import CLZ4
import CZstd

/// General compression of whole buffers (format reference: general compression framing).
///
/// ```
/// zstd   u64 raw size | zstd frame         (Lance before 1.0 wrote the bare frame)
/// lz4    u32 raw size | LZ4 block
/// ```
enum BufferCodec {
    private static let zstdMagic: UInt32 = 0xfd2f_b528
    /// What libzstd says of a frame that was written as a stream: its header has no size.
    private static let unknownSize = UInt64.max
    /// No page is near this.
    private static let largest = 1 << 30
    /// A few kilobytes of zstd can stand for gigabytes: what is that large must not be that small.
    private static let ratioOfLarge = 64

    /// The raw bytes, of which there may be no more than `limit`: a file's own word is not enough to allocate by.
    static func inflate(_ stored: ByteView, scheme: String, limit: Int) throws -> ByteView {
        switch scheme {
        case "zstd":
            try inflateZstd(
                stored, min(limit, largest, max(LayoutDecoder.mostMadeBytes, stored.count * ratioOfLarge)))
        case "none": stored
        case "lz4": try inflateLZ4(stored, min(limit, largest))
        default: throw Failure(.unsupported, "buffers compressed with '\(scheme)' are not supported")
        }
    }

    private static func inflateZstd(_ stored: ByteView, _ limit: Int) throws -> ByteView {
        // A size whose low half is zstd's magic number would be over 4 GB; bit 4 of a frame's flags is always clear.
        let isBare =
            try stored.count >= 5 && stored.load(UInt32.self, at: 0) == zstdMagic
            && stored.load(UInt8.self, at: 4) & 0x10 == 0
        if isBare {
            let size = stored.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
            return try inflateZstd(frame: stored, size: size == unknownSize ? nil : size, limit)
        }
        return try inflateZstd(
            frame: stored.slice(8, max(stored.count - 8, 0)), size: stored.load(UInt64.self, at: 0), limit)
    }

    /// - Parameter size: what is said of the raw size; nil where nothing is.
    private static func inflateZstd(frame: ByteView, size: UInt64?, _ limit: Int) throws -> ByteView {
        guard let count = size.map({ Int(exactly: $0) }) ?? limit, count <= limit else {
            throw frame.corrupt("a zstd buffer of \(size ?? 0) bytes where \(limit) are the most there can be")
        }
        var written = 0
        let raw = try Region(count: count, name: frame.region.name) { target in
            written = frame.withUnsafeBytes { ZSTD_decompress(target.baseAddress, count, $0.baseAddress, $0.count) }
            guard ZSTD_isError(written) == 0, size == nil || written == count else {
                throw frame.corrupt("a zstd buffer that does not give its \(count) bytes")
            }
        }
        return try raw.view.slice(0, written)
    }

    private static func inflateLZ4(_ stored: ByteView, _ limit: Int) throws -> ByteView {
        let size = try stored.load(UInt32.self, at: 0)
        guard let count = Int32(exactly: size), Int(count) <= limit else {
            throw stored.corrupt("an LZ4 buffer of \(size) bytes where \(limit) are the most there can be")
        }
        let block = try stored.slice(4, stored.count - 4)
        // A byte of an LZ4 block stands for 255 at the most.
        guard let length = Int32(exactly: block.count), Int(count) <= block.count * 255 else {
            throw stored.corrupt("an LZ4 block of \(block.count) bytes for \(count)")
        }
        return try Region(count: Int(count), name: stored.region.name) { target in
            let written = block.withUnsafeBytes { source in
                LZ4_decompress_safe(
                    source.baseAddress?.assumingMemoryBound(to: CChar.self),
                    target.baseAddress?.assumingMemoryBound(to: CChar.self), length, count)
            }
            guard written == count else { throw block.corrupt("an LZ4 block that does not give its \(count) bytes") }
        }.view
    }
}
