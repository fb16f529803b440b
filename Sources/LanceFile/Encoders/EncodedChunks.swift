// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto

/// The values of a mini-block page, cut into chunks of one or two buffers each.
struct EncodedChunks {
    struct Chunk {
        /// Values that it holds; a power of two in all chunks but the last.
        var count: Int
        var sizes: [Int]
    }

    var encoding: ProtoCompressiveEncoding
    var chunks: [Chunk] = []
    /// The buffers of the chunks, one after another; unless they are a part of what was given, `whole`.
    var bytes = ByteWriter()
    var whole: ByteView?

    /// Bytes of a chunk's values that are aimed at: one is read and decoded whole for any of its rows.
    static let usualBytes = 4096
    /// Values of a fixed width may take nearly twice as much, where half as many would be less than is aimed at.
    private static let mostFixedBytes = 8184
    /// A word has four bits for the logarithm, and official readers take no more.
    static let mostValues = 4096
    /// In version 2.1, a word has twelve bits for the size in units of eight bytes.
    static let mostBytes = 32 << 10

    /// All buffers of all chunks.
    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        if let whole { return try whole.withUnsafeBytes { try body($0) } }
        return try bytes.bytes.withUnsafeBytes { try body($0) }
    }

    var buffersPerChunk: Int { chunks.first?.sizes.count ?? 1 }

    init(_ encoding: ProtoCompressiveEncoding) { self.encoding = encoding }

    /// The largest power of two of values of `bits` bits that fill a usual chunk.
    static func usualCount(bits: Int) -> Int {
        var count = 1
        while count < mostValues, count * 2 * bits <= mostFixedBytes * 8 { count *= 2 }
        return count
    }
}

/// What chunks take beside their values.
struct ChunkOverhead {
    let hasLevels: Bool
    let isLarge: Bool

    /// Bytes before the first buffer, which starts at a multiple of eight.
    func header(buffers: Int) -> Int {
        Self.padded(2 + (hasLevels ? 2 : 0) + buffers * (isLarge ? 4 : 2))
    }

    /// The header, and the chunk's word among the metadata.
    func bytes(buffers: Int) -> Int { header(buffers: buffers) + (isLarge ? 4 : 2) }

    static func padded(_ size: Int) -> Int { (size + 7) & ~7 }
}
