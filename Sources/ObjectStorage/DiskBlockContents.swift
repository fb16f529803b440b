// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a file of blocks holds. All numbers are little-endian.
///
/// ```
/// 0         8          12        16        24         32        40
/// | magic   | bytes of | blocks  | first   | bytes of | bytes   | hash of each | identity | payload
/// |         | identity | (u32)   | block   | the      | of      | block        | (UTF-8)  |
/// |         | (u32)    |         | (u64)   | remote   | payload | (u64 each)   |          |
/// |         |          |         |         | file     | (u64)   |              |          |
/// |         |          |         |         | (u64)    |         |              |          |
/// ```
///
/// A reader knows what all of that must be but the hashes, and those of the blocks that it wants follow from the blocks:
/// so the header needs no hash of its own, and one block is read and checked without the others.
enum DiskBlockContents {
    private static let magic = Array("lanceblk".utf8)
    private static let fixed = 40

    /// A file system gives space in pages.
    static func space(_ size: Int) -> Int { (max(size, 1) + 4095) / 4096 * 4096 }

    /// Bytes before the payload.
    private static func start(_ file: DiskBlockFile, _ blocks: Range<Int>) -> Int {
        fixed + blocks.count * 8 + file.identity.utf8.count
    }

    /// Nil where the remote file does not have the blocks.
    static func size(_ file: DiskBlockFile, _ blocks: Range<Int>) -> Int? {
        file.bytes(blocks).map { start(file, blocks) + $0.count }
    }

    /// Of each block in `payload`; with its number, so that no block is taken for another.
    private static func hashes(_ payload: UnsafeRawBufferPointer, from first: Int) -> [UInt64] {
        stride(from: 0, to: payload.count, by: BlockCache.blockBytes).map { offset in
            let end = min(offset + BlockCache.blockBytes, payload.count)
            return BlockHash.hash(
                UnsafeRawBufferPointer(rebasing: payload[offset..<end]),
                seed: UInt64(first + offset / BlockCache.blockBytes))
        }
    }

    /// What is in front of the hashes, and what is behind them.
    private static func header(_ file: DiskBlockFile, _ blocks: Range<Int>, payload: Int) -> ([UInt8], [UInt8]) {
        let identity = Array(file.identity.utf8)
        var writer = ByteWriter(reserving: fixed)
        writer.write(magic)
        writer.write(UInt32(clamping: identity.count))
        writer.write(UInt32(clamping: blocks.count))
        writer.write(UInt64(blocks.lowerBound))
        writer.write(UInt64(file.count))
        writer.write(UInt64(payload))
        return (writer.bytes, identity)
    }

    private static func bytes(_ hashes: [UInt64]) -> [UInt8] {
        var writer = ByteWriter(reserving: hashes.count * 8)
        for hash in hashes { writer.write(hash) }
        return writer.bytes
    }

    static func write(
        _ file: DiskBlockFile, _ blocks: Range<Int>, _ payload: UnsafeRawBufferPointer, to descriptor: FileDescriptor
    ) throws {
        let (front, back) = header(file, blocks, payload: payload.count)
        let all = front + bytes(hashes(payload, from: blocks.lowerBound)) + back
        try all.withUnsafeBytes { _ = try descriptor.writeAll($0) }
        _ = try descriptor.writeAll(payload)
    }

    /// Some of the blocks, a region for each stretch of `wanted`; fewer where the file is anything but exactly what `write`
    /// made of them. Reads and checks nothing else of the payload, and takes no more memory than the wanted blocks need,
    /// whatever is in the file.
    static func read(
        _ wanted: [Range<Int>], of blocks: Range<Int>, _ file: DiskBlockFile, from descriptor: FileDescriptor,
        name: String
    ) throws -> [(blocks: Range<Int>, region: Region)] {
        let status = try SystemCall.status(descriptor.rawValue)
        guard let all = file.bytes(blocks), status.st_mode & S_IFMT == S_IFREG,
            // Nobody else is believed: the hashes have no key.
            status.st_uid == geteuid() || status.st_uid == 0, Int(status.st_size) == size(file, blocks)
        else { return [] }
        let start = start(file, blocks)
        let header = try Region(count: start, name: name) { try descriptor.readFully(into: $0, at: 0, path: name) }.view
        let (front, back) = Self.header(file, blocks, payload: all.count)
        guard try header.slice(0, fixed).bytes == front,
            try header.slice(start - back.count, back.count).bytes == back
        else { return [] }
        var found: [(blocks: Range<Int>, region: Region)] = []
        for stretch in wanted {
            guard blocks.contains(stretch.lowerBound), stretch.upperBound <= blocks.upperBound,
                let part = file.bytes(stretch)
            else { break }
            let region = try Region(count: part.count, name: name, fileOffset: UInt64(part.lowerBound)) {
                try descriptor.readFully(into: $0, at: start + part.lowerBound - all.lowerBound, path: name)
            }
            let expected = try header.slice(
                fixed + (stretch.lowerBound - blocks.lowerBound) * 8, stretch.count * 8)
            let hashes = region.view.withUnsafeBytes { Self.hashes($0, from: stretch.lowerBound) }
            guard expected.bytes == bytes(hashes) else { break }
            found.append((stretch, region))
        }
        return found
    }
}
