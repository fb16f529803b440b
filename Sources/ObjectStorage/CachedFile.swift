// SPDX-License-Identifier: Apache-2.0
package import ByteCoding

/// A file on a server, read a range at a time, of which a `BlockCache` keeps what was read, and perhaps a `DiskBlockCache`
/// for longer.
package final class CachedFile: RemoteFile {
    /// Bytes from the end of a file that are read together: in data and index files the tables of what is where.
    package static let tailBytes = 64 << 10
    /// Bytes between two wanted blocks that are rather read than left out.
    private static let gapBytes = 64 << 10
    /// Bytes of a request; more are read by several at once.
    private static let mostBytes = 8 << 20
    /// Requests at a time: each waits for the way there and back, and hardly for anything else.
    private static let mostRequests = 128
    /// Bytes on their way at a time: none of them is to wait so long that it seems lost.
    private static let mostOnTheWay = 64 << 20

    /// Bytes that may be asked for in one call.
    private static let mostWanted = 64 << 30

    package let name: String
    package let count: Int
    private let identity: String
    private let cache: BlockCache
    private let disk: (cache: DiskBlockCache, file: DiskBlockFile)?
    private let read: @Sendable (Range<UInt64>) async throws -> Region

    /// - Parameters:
    ///   - name: of the file, for errors.
    ///   - identity: what no other file has, nor ever had.
    ///   - disk: where blocks are looked for that are not in memory, before they are read.
    ///   - read: gives a range of its bytes; throws where there are not so many.
    package init(
        name: String, identity: String, count: Int, cache: BlockCache, disk: DiskBlockCache? = nil,
        read: @escaping @Sendable (Range<UInt64>) async throws -> Region
    ) {
        self.name = name
        self.identity = identity
        self.count = count
        self.cache = cache
        self.disk = disk.map { ($0, DiskBlockFile(identity: identity, count: count)) }
        self.read = read
    }

    /// Adds bytes that came without being asked for: those from `offset` to the end of the file.
    package func add(tail: Region, from offset: Int) throws {
        let first = (offset + BlockCache.blockBytes - 1) / BlockCache.blockBytes
        let start = first * BlockCache.blockBytes
        guard start < count, offset + tail.count == count else { return }
        let part = try tail.view.slice(start - offset, count - start)
        let region = Region(copying: part.bytes, name: name, fileOffset: UInt64(start))
        cache.insert(region, first..<Self.blocks(start..<count).upperBound, of: identity)
    }

    private static func blocks(_ range: Range<Int>) -> Range<Int> {
        let size = BlockCache.blockBytes
        return range.lowerBound / size..<(range.upperBound - 1) / size + 1
    }

    package func bytes(_ range: Range<Int>) -> ByteView? {
        guard !range.isEmpty else { return .empty }
        guard let parts = cache.regions(Self.blocks(range), of: identity) else { return nil }
        if let only = parts.first, parts.count == 1 {
            let offset = range.lowerBound - only.firstBlock * BlockCache.blockBytes
            return try? only.region.view.slice(offset, range.count)
        }
        return try? Region(count: range.count, name: name, fileOffset: UInt64(range.lowerBound)) { target in
            var position = range.lowerBound
            for (firstBlock, region) in parts {
                let offset = position - firstBlock * BlockCache.blockBytes
                let part = try region.view.slice(offset, min(region.count - offset, range.upperBound - position))
                part.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: target[(position - range.lowerBound)...]).copyMemory(
                        from: $0)
                }
                position += part.count
            }
            guard position == range.upperBound else { throw Failure(.corrupt, "\(range) is not all there", path: name) }
        }.view
    }

    package func fetch(_ ranges: [Range<Int>]) async throws -> [Region] {
        let wanted = ranges.filter { !$0.isEmpty }.map { range in
            // What ends a file tells where all the rest is.
            let isEnd = range.upperBound > count - Self.tailBytes / 4
            let start = isEnd ? min(range.lowerBound, max(count - Self.tailBytes, 0)) : range.lowerBound
            return Self.blocks(start..<range.upperBound)
        }
        // A damaged or hostile file may ask for all that it says it has.
        guard wanted.reduce(0, { $0 + $1.count }) <= Self.mostWanted / BlockCache.blockBytes else {
            throw Failure.tooMuch("more than \(Self.mostWanted >> 30) GiB").at(path: name)
        }
        var (missing, held) = cache.look(wanted, of: identity)
        missing = Set(missing).sorted()
        if let disk {
            let found = try await disk.cache.fetch(missing, of: disk.file)
            missing = found.missing
            for (blocks, region) in found.found {
                cache.insert(region, blocks, of: identity)
                held.append(region)
            }
        }
        var runs = Self.runs(missing)[...]
        return try await withThrowingTaskGroup(of: Region.self) { group in
            var (requests, bytes) = (0, 0)
            while true {
                while let run = runs.first, requests < Self.mostRequests,
                    requests == 0 || bytes + run.count * BlockCache.blockBytes <= Self.mostOnTheWay
                {
                    runs.removeFirst()
                    requests += 1
                    bytes += run.count * BlockCache.blockBytes
                    group.addTask { try await self.fetch(run) }
                }
                guard let region = try await group.next() else { return held }
                requests -= 1
                bytes -= (region.count + BlockCache.blockBytes - 1) / BlockCache.blockBytes * BlockCache.blockBytes
                held.append(region)
            }
        }
    }

    /// Blocks that are fetched by one request each.
    private static func runs(_ blocks: [Int]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        let gap = gapBytes / BlockCache.blockBytes
        let most = mostBytes / BlockCache.blockBytes
        for block in blocks {
            if let last = runs.last, block - last.upperBound <= gap, block + 1 - last.lowerBound <= most {
                runs[runs.count - 1] = last.lowerBound..<block + 1
            } else {
                runs.append(block..<block + 1)
            }
        }
        return runs
    }

    private func fetch(_ blocks: Range<Int>) async throws -> Region {
        let start = blocks.lowerBound * BlockCache.blockBytes
        let end = start + min(blocks.count * BlockCache.blockBytes, count - start)
        let region = try await read(UInt64(start)..<UInt64(end))
        guard region.count == end - start else {
            throw Failure(.io, "\(region.count) bytes came of \(end - start)", path: name, offset: UInt64(start))
        }
        cache.insert(region, blocks, of: identity)
        if let disk { disk.cache.write(region, blocks, of: disk.file) }
        return region
    }
}
