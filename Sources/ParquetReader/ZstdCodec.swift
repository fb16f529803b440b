// SPDX-License-Identifier: Apache-2.0
import CZstd

/// One or more Zstandard frames.
enum ZstdCodec {
    /// A block of 4 bytes can repeat one byte 128 KiB times.
    static let highestRatio = 32 << 10

    static func decompress(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        let size = ZSTD_decompress(target.baseAddress, target.count, source.baseAddress, source.count)
        return ZSTD_isError(size) == 0 && size == target.count
    }
}
