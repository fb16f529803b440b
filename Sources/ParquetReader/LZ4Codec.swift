// SPDX-License-Identifier: Apache-2.0
import CLZ4

/// LZ4 blocks: bare ones (LZ4_RAW), and what is called LZ4 alone, which is one of two things.
enum LZ4Codec {
    /// A byte lengthens a match by 255 at most.
    static let highestRatio = 256

    static func decompress(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        guard let size = block(source, target) else { return false }
        return size == target.count
    }

    /// The codec LZ4 never had a specification. Hadoop's writers frame each block; other writers wrote a bare block.
    ///
    ///     frame = (u32 size of the decompressed block, u32 size of the block, block)*         big-endian
    static func decompressHadoop(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        frames(source, target) || decompress(source, target)
    }

    private static func frames(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        var read = 0
        var written = 0
        while read < source.count {
            guard source.count - read >= 8 else { return false }
            let size = Int(UInt32(bigEndian: source.loadUnaligned(fromByteOffset: read, as: UInt32.self)))
            let compressed = Int(UInt32(bigEndian: source.loadUnaligned(fromByteOffset: read + 4, as: UInt32.self)))
            read += 8
            guard compressed <= source.count - read, size <= target.count - written else { return false }
            if size > 0 {
                let input = UnsafeRawBufferPointer(rebasing: source[read..<read + compressed])
                let output = UnsafeMutableRawBufferPointer(rebasing: target[written..<written + size])
                guard block(input, output) == size else { return false }
            }
            read += compressed
            written += size
        }
        return written == target.count
    }

    private static func block(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Int? {
        guard let input = source.bindMemory(to: CChar.self).baseAddress,
            let output = target.bindMemory(to: CChar.self).baseAddress, let inputCount = Int32(exactly: source.count),
            let outputCount = Int32(exactly: target.count)
        else { return nil }
        let size = LZ4_decompress_safe(input, output, inputCount, outputCount)
        return size < 0 ? nil : Int(size)
    }
}
