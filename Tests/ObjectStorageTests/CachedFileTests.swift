// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage
import Synchronization
import TestSupport
import Testing

struct CachedFileTests {
    /// A file of random bytes, and how often a byte of it was read.
    private final class Remote: Sendable {
        let bytes: [UInt8]
        let requests = Mutex<[Range<UInt64>]>([])

        init(_ count: Int, seed: UInt64) {
            var random = SplitMix64(seed: seed)
            bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        }

        func file(_ cache: BlockCache, _ identity: String) -> CachedFile {
            CachedFile(name: identity, identity: identity, count: bytes.count, cache: cache) { [self] range in
                requests.withLock { $0.append(range) }
                return Region(
                    copying: bytes[Int(range.lowerBound)..<Int(range.upperBound)], name: "remote",
                    fileOffset: range.lowerBound)
            }
        }

        func part(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }
    }

    /// Any ranges of several files, whatever a small cache still has of them.
    @Test func anyRanges() async throws {
        for seed in 0..<20 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let cache = BlockCache(capacity: Int.random(in: 0...1 << 20, using: &random))
            let remotes = (0..<3).map {
                Remote(Int.random(in: 1...900_000, using: &random), seed: seed * 3 + UInt64($0))
            }
            let files = remotes.enumerated().map { FileView($1.file(cache, "\($0)")) }
            for _ in 0..<40 {
                let number = Int.random(in: 0..<3, using: &random)
                let count = remotes[number].bytes.count
                let ranges = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    let start = Int.random(in: 0...count, using: &random)
                    let most = random.chance(0.5) ? min(200, count - start) : count - start
                    return start..<start + Int.random(in: 0...most, using: &random)
                }
                let found = try await fetching {
                    try ranges.mapFetching { try files[number].bytes($0.lowerBound, $0.count) }
                }
                for (range, view) in zip(ranges, found) {
                    try check(view.bytes == remotes[number].part(range), "seed \(seed), \(range)")
                    try check(view.isEmpty || view.fileOffset == UInt64(range.lowerBound), "at \(view.fileOffset)")
                }
                try check(cache.byteCount <= max(cache.capacity, 0), "\(cache.byteCount) of \(cache.capacity)")
            }
        }
    }

    @Test func manyAtOnce() async throws {
        let cache = BlockCache(capacity: 200_000)
        let remote = Remote(800_000, seed: 1)
        let file = FileView(remote.file(cache, "a"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    var random = SplitMix64(seed: UInt64(task))
                    for _ in 0..<60 {
                        let start = Int.random(in: 0..<700_000, using: &random)
                        let count = Int.random(in: 1...100_000, using: &random)
                        let view = try await fetching { try file.bytes(start, count) }
                        try check(view.bytes == remote.part(start..<start + count), "task \(task), \(start)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// What is there is not asked for again; what ends a file comes with its tables; long ranges come in parts.
    @Test func requests() async throws {
        let remote = Remote(20 << 20, seed: 2)
        let file = remote.file(BlockCache(capacity: 64 << 20), "a")
        let view = FileView(file)
        func asked(_ body: () throws -> ByteView) async throws -> [Range<UInt64>] {
            remote.requests.withLock { $0 = [] }
            _ = try await fetching(body)
            return remote.requests.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
        }
        let end = UInt64(20 << 20)
        #expect(try await asked { try view.bytes(view.count - 40, 40) } == [end - 65536..<end])
        #expect(try await asked { try view.bytes(view.count - 60_000, 1000) } == [])
        #expect(try await asked { try view.bytes(100, 10) } == [0..<16384])
        #expect(try await asked { try view.bytes(16380, 10) } == [16384..<32768])
        let whole = try await asked { try view.bytes() }
        #expect(whole.count >= 3 && whole.allSatisfy { $0.count <= 8 << 20 })
        #expect(try await asked { try view.bytes() } == [])
    }

    @Test func failures() async throws {
        let file = CachedFile(name: "f", identity: "f", count: 100_000, cache: BlockCache(capacity: 1 << 20)) { range in
            if range.lowerBound > 0 { throw Failure(.network, "no connection") }
            return Region(copying: [1, 2, 3], name: "short")
        }
        let view = FileView(file)
        for offset in [0, 50_000] {
            await #expect(throws: Failure.self) { try await fetching { try view.bytes(offset, 10) } }
        }
        #expect(throws: Failure.self) { try view.bytes(99_999, 2) }
        #expect(throws: Failure.self) { try view.bytes(UInt64.max, 2) }
        #expect(throws: MissingBytes.self) { try view.bytes(5, 2) }
    }

    /// What a manifest, or a server, says of a file's size may be anything.
    @Test func absurdSizes() async throws {
        for count in [Int.max, Int.max - 16384, 1 << 50] {
            let file = CachedFile(name: "f", identity: "f", count: count, cache: BlockCache(capacity: 1 << 20)) {
                range in
                Region(
                    copying: [UInt8](repeating: 7, count: Int(clamping: range.upperBound - range.lowerBound)), name: "f"
                )
            }
            let view = FileView(file)
            #expect(try await fetching { try view.bytes(count - 3, 3) }.bytes == [7, 7, 7])
            await #expect { try await fetching { try view.bytes(5, count - 5) } } throws: {
                ($0 as? Failure)?.isTooMuch == true
            }
        }
    }

    /// One that brings nothing is an error and no endless loop.
    @Test func noProgress() async throws {
        final class Nothing: RemoteFile {
            let name = "nothing"
            let count = 10
            func bytes(_ range: Range<Int>) -> ByteView? { nil }
            func fetch(_ ranges: [Range<Int>]) async throws -> [Region] { [] }
        }
        let view = FileView(Nothing())
        await #expect(throws: Failure.self) { try await fetching { try view.bytes() } }
    }
}
