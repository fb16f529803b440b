// SPDX-License-Identifier: Apache-2.0
import CZlib

/// Gzip of one or more members; zlib's own framing is read too, because some writers use it.
enum GzipCodec {
    /// Deflate's limit is 1032.
    static let highestRatio = 1040

    static func decompress(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        guard let input = source.bindMemory(to: UInt8.self).baseAddress,
            let output = target.bindMemory(to: UInt8.self).baseAddress, let inputCount = UInt32(exactly: source.count),
            let outputCount = UInt32(exactly: target.count)
        else { return false }
        var stream = z_stream()
        // 15 bits of window, and 32 to tell gzip and zlib apart by their headers.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, size) == Z_OK else { return false }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: input)
        stream.avail_in = inputCount
        stream.next_out = output
        stream.avail_out = outputCount
        while true {
            guard inflate(&stream, Z_FINISH) == Z_STREAM_END else { return false }
            if stream.avail_out == 0 { return true }
            guard stream.avail_in > 0, inflateReset(&stream) == Z_OK else { return false }
        }
    }

    /// The CRC-32 that page headers may have.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
    }
}
