// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage
import TestSupport
import Testing

struct BlockCacheTests {
    private static let block = BlockCache.blockBytes

    private func file(_ identity: String, _ count: Int, _ cache: BlockCache) -> CachedFile {
        CachedFile(name: identity, identity: identity, count: count, cache: cache) {
            Region(copying: [UInt8](repeating: 1, count: $0.count), name: "remote", fileOffset: $0.lowerBound)
        }
    }

    /// The blocks from `first` on, which nobody holds but the cache.
    private func add(_ file: CachedFile, from first: Int) throws {
        let start = first * Self.block
        try file.add(tail: Region(copying: [UInt8](repeating: 1, count: file.count - start), name: "tail"), from: start)
    }

    /// Each costs as much as the one before, whether or not somebody holds what the cache does not keep.
    @Test(arguments: [0, 30, 1000]) func manyOfFew(capacity: Int) async throws {
        let cache = BlockCache(capacity: capacity)
        for number in 0..<20_000 { try add(file("let go \(number)", 10, cache), from: 0) }
        #expect(cache.byteCount == capacity / 10 * 10)
        var held: [Region] = []
        var files: [CachedFile] = []
        for number in 0..<20_000 {
            let file = file("held \(number)", 10, cache)
            held += try await file.fetch([0..<10])
            files.append(file)
        }
        #expect(cache.byteCount == capacity / 10 * 10)
        #expect(held.count == 20_000 && files.allSatisfy { $0.bytes(0..<10) != nil })
        held = []
    }

    /// What was used stays, and what is more than all drives out nothing.
    @Test func theOldestGo() throws {
        let cache = BlockCache(capacity: 100)
        let files = (0..<30).map { file("\($0)", 10, cache) }
        for file in files[..<10] { try add(file, from: 0) }
        for number in [2, 5] { #expect(files[number].bytes(0..<10) != nil) }
        for file in files[10..<18] { try add(file, from: 0) }
        try add(file("large", 101, cache), from: 0)
        let kept = Set([2, 5]).union(10..<18)
        for (number, file) in files.enumerated() {
            #expect((file.bytes(0..<10) != nil) == kept.contains(number), "\(number)")
        }
        #expect(cache.byteCount == 100)
    }

    /// A run stays as long as it alone has one of its blocks, whoever brought another one however often.
    @Test func runsThatOverlap() async throws {
        let cache = BlockCache(capacity: 16 * Self.block)
        let whole = file("f", 12 * Self.block, cache)
        _ = try await whole.fetch([0..<2 * Self.block])
        try add(whole, from: 1)
        #expect(cache.byteCount == 13 * Self.block)
        #expect(whole.bytes(0..<9) != nil)
        // The one with block 1 and more goes.
        try add(file("g", 4 * Self.block, cache), from: 0)
        #expect(cache.byteCount == 6 * Self.block && whole.bytes(11 * Self.block..<12 * Self.block) == nil)
        #expect(whole.bytes(0..<9) != nil)
        try add(whole, from: 1)
        #expect(whole.bytes(0..<12 * Self.block) != nil)
        // Others have all that it has.
        try add(whole, from: 0)
        #expect(cache.byteCount == 12 * Self.block)
        #expect(whole.bytes(0..<12 * Self.block) != nil)
    }
}
