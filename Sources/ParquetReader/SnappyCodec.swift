// SPDX-License-Identifier: Apache-2.0
import CSnappy

/// Raw Snappy, without the framing that files of their own have.
enum SnappyCodec {
    /// Three bytes copy 64 at most.
    static let highestRatio = 22

    static func decompress(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        guard let input = source.bindMemory(to: CChar.self).baseAddress,
            let output = target.bindMemory(to: CChar.self).baseAddress
        else { return false }
        var size = 0
        guard snappy_uncompressed_length(input, source.count, &size) == SNAPPY_OK, size == target.count else {
            return false
        }
        return snappy_uncompress(input, source.count, output, &size) == SNAPPY_OK && size == target.count
    }
}
