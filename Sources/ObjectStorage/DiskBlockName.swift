// SPDX-License-Identifier: Apache-2.0

/// A file on a server, as its blocks on the disk are found by.
struct DiskBlockFile: Sendable {
    /// What no other file has, nor ever had.
    let identity: String
    /// Of the identity. Two files may have the same, and so each file on the disk holds the identity, too.
    let hash: UInt128
    let count: Int

    init(identity: String, count: Int) {
        self.identity = identity
        self.count = count
        var text = identity
        hash = text.withUTF8 {
            let bytes = UnsafeRawBufferPointer($0)
            return UInt128(BlockHash.hash(bytes, seed: 1)) << 64 | UInt128(BlockHash.hash(bytes, seed: 2))
        }
    }

    /// The bytes that some blocks are; nil where the file does not have them all.
    func bytes(_ blocks: Range<Int>) -> Range<Int>? {
        let size = BlockCache.blockBytes
        guard blocks.lowerBound >= 0, !blocks.isEmpty, count > 0, blocks.upperBound - 1 <= (count - 1) / size else {
            return nil
        }
        return blocks.lowerBound * size..<(blocks.upperBound - 1) * size
            + min(size, count - (blocks.upperBound - 1) * size)
    }
}

/// The name of a file of blocks: `<hash of the remote file's identity, 32 hex digits>-<first block>-<blocks>`.
package struct DiskBlockName: Hashable {
    /// What long requests brought is cut into files of so many blocks (1 MiB): a row that is wanted again later is not
    /// worth reading and checking 8 MiB. Cut at multiples of it, so that requests that overlap have files in common.
    package static let mostBlocks = 64

    package let hash: UInt128
    package let blocks: Range<Int>

    package init(hash: UInt128, blocks: Range<Int>) {
        self.hash = hash
        self.blocks = blocks
    }

    /// Nil for what is no such name.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let hash = UInt128(parts[0], radix: 16), let first = Int(parts[1]),
            let count = Int(parts[2]), (1...Self.mostBlocks).contains(count), (0...1 << 40).contains(first)
        else { return nil }
        self.init(hash: hash, blocks: first..<first + count)
        // Signs, zeros in front and capitals: each run has one name.
        guard self.text == text else { return nil }
    }

    package var text: String {
        let digits = String(hash, radix: 16)
        let zeros = String(repeating: "0", count: max(0, 32 - digits.count))
        return "\(zeros)\(digits)-\(blocks.lowerBound)-\(blocks.count)"
    }

    /// The runs that some blocks of one file are kept in.
    static func pieces(_ blocks: Range<Int>) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var first = blocks.lowerBound
        while first < blocks.upperBound {
            let end = min(blocks.upperBound, (first / mostBlocks + 1) * mostBlocks)
            pieces.append(first..<end)
            first = end
        }
        return pieces
    }
}
