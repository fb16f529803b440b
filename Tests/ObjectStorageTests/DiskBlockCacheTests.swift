// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import ObjectStorage
import TestSupport
import Testing

struct DiskBlockCacheTests {
    private static let block = BlockCache.blockBytes
    /// Another one each time: regions live on for a moment after the task that made them.
    private var noMemory: BlockCache { BlockCache(capacity: 0) }

    private func anyRanges(_ count: Int, _ random: inout SplitMix64) -> [Range<Int>] {
        (0..<1 + random.below(5)).map { _ in
            let start = random.below(count + 1)
            let most = random.chance(0.6) ? min(300, count - start) : count - start
            return start..<start + random.below(most + 1)
        }
    }

    /// Any ranges of several files, over a small memory and a small disk that somebody damages: always the right bytes, and
    /// never more space than was allowed.
    @Test func anyRanges() async throws {
        for seed in 0..<12 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let directory = try CacheDirectory()
            let capacity = 300_000 + random.below(2 << 20)
            var cache = BlockCache(capacity: random.below(1 << 20))
            var disk = DiskBlockCache(path: directory.path, capacity: capacity)
            let remotes = (0..<3).map { RemoteBytes("file \($0)", 1 + random.below(3 << 20), seed: seed * 3 + $0) }
            for step in 0..<60 {
                let remote = remotes[random.below(3)]
                try await remote.check(
                    anyRanges(remote.bytes.count, &random), cache, disk, "seed \(seed), step \(step)")
                try check(directory.space() <= capacity, "\(directory.space()) of \(capacity)")
                if random.chance(0.1) { cache = BlockCache(capacity: cache.capacity) }
                if random.chance(0.1) { disk = DiskBlockCache(path: directory.path, capacity: capacity) }
                guard random.chance(0.3), let file = directory.files().randomElement(using: &random) else { continue }
                var bytes = try directory.bytes(file)
                switch random.below(4) {
                case 0: try FileManager.default.removeItem(atPath: file)
                case 1: try directory.put(Array(bytes.prefix(random.below(bytes.count))), file)
                default:
                    bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
                    try directory.put(bytes, file)
                }
            }
        }
    }

    /// What memory dropped, and what an earlier process had, comes from the disk.
    @Test func nothingIsAskedForTwice() async throws {
        let directory = try CacheDirectory()
        let remote = RemoteBytes("s3://bucket/ü", 5 << 20, seed: 1)
        let ranges = [10..<20, 1 << 20..<3 << 20, (5 << 20) - 40..<5 << 20]
        do {
            let disk = DiskBlockCache(path: directory.path, capacity: 64 << 20)
            try await remote.check(ranges, noMemory, disk)
            #expect(remote.asked() >= 3)
            try await remote.check(ranges, noMemory, disk)
            #expect(remote.asked() == 0)
            #expect(disk.byteCount == directory.space())
        }
        for path in [directory.path, directory.own] { #expect(try directory.mode(path) == 0o700) }
        for file in directory.files() { #expect(try directory.mode(file) == 0o600) }
        let disk = DiskBlockCache(path: directory.path, capacity: 64 << 20)
        let large = BlockCache(capacity: 64 << 20)
        try await remote.check(ranges, large, disk)
        #expect(remote.asked() == 0)
        // Parts of what is there, and then from memory alone.
        try await remote.check([(1 << 20) + 5..<(1 << 20) + 9, 100..<16_000], large, disk)
        try FileManager.default.removeItem(atPath: directory.path)
        try await remote.check(ranges, large, disk)
        #expect(remote.asked() == 0)
        // Somebody emptied the cache: it is filled again.
        try await remote.check([2 << 20..<(2 << 20) + 9], noMemory, disk)
        #expect(remote.asked() == 1 && directory.files().count == 1)
    }

    /// Files of the same name on other servers, or of another length, are other files.
    @Test func identities() async throws {
        let directory = try CacheDirectory()
        let disk = DiskBlockCache(path: directory.path, capacity: 64 << 20)
        for (number, identity) in ["a", "b", "", "a "].enumerated() {
            for count in [40_000, 40_001] {
                let remote = RemoteBytes("\(identity) \(count)", count, seed: UInt64(number * 2 + count % 2))
                try await remote.check([0..<count], noMemory, disk)
                #expect(remote.asked() == 1)
                try await remote.check([0..<count], noMemory, disk)
                #expect(remote.asked() == 0)
            }
        }
    }

    /// Every byte of a header, some of the blocks, every kind of length, and what is no file at all: a miss, and the right
    /// file afterwards.
    @Test func damage() async throws {
        let directory = try CacheDirectory()
        let remote = RemoteBytes("the file", 100_000, seed: 2)
        let other = RemoteBytes("the tile", 100_000, seed: 3)
        let wanted = [0..<Self.block]
        try await other.check(wanted, noMemory, DiskBlockCache(path: directory.path, capacity: 64 << 20))
        let foreign = try directory.bytes(directory.files()[0])
        try FileManager.default.removeItem(atPath: directory.own)
        try await remote.check(wanted, noMemory, DiskBlockCache(path: directory.path, capacity: 64 << 20))
        let file = try #require(directory.files().first)
        let good = try directory.bytes(file)
        let header = good.count - Self.block
        #expect(header == 48 + 8 && foreign.count == good.count && remote.asked() == 1)

        var cases: [(String, [UInt8])] = []
        for offset in Array(0..<header) + [header, header + 1, header + 8191, good.count - 1] {
            for bit in 0..<8 as Range<UInt8> {
                var bytes = good
                bytes[offset] ^= 1 << bit
                cases.append(("bit \(bit) of byte \(offset)", bytes))
            }
        }
        for count in [0, 1, 7, 8, 47, 48, header - 1, header, header + 1, good.count - 1] {
            cases.append(("\(count) bytes", Array(good.prefix(count))))
        }
        cases.append(("a byte more", good + [0]))
        cases.append(("another file's", foreign))
        cases.append(("zeros", [UInt8](repeating: 0, count: good.count)))
        cases.append(("4 MiB", [UInt8](repeating: 7, count: 4 << 20)))
        for (what, bytes) in cases {
            try directory.put(bytes, file)
            try await remote.check(wanted, noMemory, DiskBlockCache(path: directory.path, capacity: 64 << 20), what)
            try check(remote.asked() == 1, "\(what) was taken for good")
            try check(try directory.bytes(file) == good, "\(what) is still there")
        }
        // What is no regular file, or of no name of ours.
        let elsewhere = directory.place.appending("elsewhere")
        try directory.put(good, elsewhere)
        for (what, make) in [
            (
                "a directory",
                { try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false) }
            ),
            ("a link", { try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: elsewhere) }),
        ] as [(String, () throws -> Void)] {
            try FileManager.default.removeItem(atPath: file)
            try make()
            let disk = DiskBlockCache(path: directory.path, capacity: 64 << 20)
            try await remote.check(wanted, noMemory, disk, what)
            #expect(remote.asked() == 1, "\(what)")
        }
        #expect(try directory.bytes(elsewhere) == good)
        for name in ["notes.txt", "0", file.split(separator: "/").last.map { $0 + "0" } ?? ""] {
            try directory.put([1, 2, 3], directory.own + "/" + name)
        }
        try await remote.check(wanted, noMemory, DiskBlockCache(path: directory.path, capacity: 1))
        #expect(try directory.bytes(directory.own + "/notes.txt") == [1, 2, 3])
    }

    /// What was used last stays; a quarter becomes free.
    @Test func theOldestGo() async throws {
        let directory = try CacheDirectory()
        let remote = RemoteBytes("f", 40 * 6 * Self.block, seed: 4)
        func ranges(_ numbers: some Sequence<Int>) -> [Range<Int>] {
            // Too far apart to be read together.
            numbers.map { $0 * 6 * Self.block..<$0 * 6 * Self.block + 10 }
        }
        let each = 5 * 4096
        let disk = DiskBlockCache(path: directory.path, capacity: 20 * each)
        try await remote.check(ranges(0..<20), noMemory, disk)
        #expect(directory.files().count == 20 && directory.space() == 20 * each && remote.asked() == 20)
        for file in directory.files() { try directory.age(file, seconds: 500) }
        try await remote.check(ranges([3, 7]), noMemory, disk)
        #expect(remote.asked() == 0)
        try await remote.check(ranges([30]), noMemory, disk)
        #expect(remote.asked() == 1)
        #expect(directory.files().count == 15)
        try await remote.check(ranges([3, 7, 30]), noMemory, disk)
        #expect(remote.asked() == 0)
        // A smaller one over the same directory.
        let smaller = DiskBlockCache(path: directory.path, capacity: 8 * each)
        try await remote.check(ranges([3, 7, 30]), noMemory, smaller)
        #expect(remote.asked() == 0 && directory.files().count == 6)
        // More than fits: kept as far as it does, and never more.
        try await remote.check([0..<remote.bytes.count], noMemory, smaller)
        #expect(directory.space() <= 8 * each)
    }

    /// One block of a file of 64 is read, checked and kept without the others.
    @Test func oneBlockOfMany() async throws {
        let directory = try CacheDirectory()
        let remote = RemoteBytes("the file", 256 * Self.block, seed: 6)
        let disk = DiskBlockCache(path: directory.path, capacity: 64 << 20)
        try await remote.check([0..<64 * Self.block], noMemory, disk)
        let file = try #require(directory.files().first)
        #expect(directory.files().count == 1 && remote.asked() == 1)
        func block(_ number: Int) -> Range<Int> { number * Self.block + 5..<number * Self.block + 9 }
        let memory = BlockCache(capacity: 64 << 20)
        try await remote.check([block(3)], memory, disk)
        #expect(memory.byteCount == Self.block)
        try await remote.check([block(3), block(8), block(9), block(63)], memory, disk)
        #expect(memory.byteCount == 4 * Self.block && remote.asked() == 0)
        // Damage concerns those alone who want the block, and is seen by them, though they want others, too.
        var bytes = try directory.bytes(file)
        let start = bytes.count - 64 * Self.block
        #expect(start == 40 + 64 * 8 + 8)
        bytes[start + 20 * Self.block + 7] ^= 1
        bytes.withUnsafeMutableBytes { bytes in
            // Two that changed places are none of the two.
            for offset in start + 30 * Self.block..<start + 31 * Self.block {
                bytes.swapAt(offset, offset + Self.block)
            }
            for offset in 40 + 30 * 8..<40 + 31 * 8 { bytes.swapAt(offset, offset + 8) }
        }
        for damaged in [20, 30, 31] {
            try directory.put(bytes, file)
            let disk = DiskBlockCache(path: directory.path, capacity: 64 << 20)
            try await remote.check([block(4), block(19), block(21), block(40)], noMemory, disk)
            #expect(remote.asked() == 0)
            try await remote.check([block(4), block(damaged), block(50)], noMemory, disk, "block \(damaged)")
            #expect(remote.asked() >= 1 && !directory.files().contains(file))
        }
    }

    /// A file that another process is writing takes space, too; where that leaves none, it is not looked for again at once.
    @Test func spaceOfOthers() async throws {
        for silence in [Duration.zero, .seconds(1_000_000)] {
            let directory = try CacheDirectory()
            let remote = RemoteBytes("f", 2 << 20, seed: 7)
            let first = DiskBlockCache(path: directory.path, capacity: 1 << 20)
            try await remote.check([0..<9], noMemory, first)
            let other = directory.own + "/.tmp-other"
            try directory.put([UInt8](repeating: 1, count: 2 << 20), other)
            let disk = DiskBlockCache(path: directory.path, capacity: 1 << 20, silence: silence)
            for _ in 0..<2 { try await remote.check([1 << 20..<(1 << 20) + 9], noMemory, disk) }
            #expect(remote.asked() == 3 && directory.files() == [other])
            try FileManager.default.removeItem(atPath: other)
            try await remote.check([1 << 20..<(1 << 20) + 9], noMemory, disk)
            #expect(remote.asked() == 1 && directory.files().count == (silence == .zero ? 1 : 0))
        }
    }

    /// Who keeps nothing leaves alone what others keep, and does not care where it would be.
    @Test func capacityOfNothing() async throws {
        let directory = try CacheDirectory()
        let remote = RemoteBytes("f", 100_000, seed: 8)
        try await remote.check([0..<9], noMemory, DiskBlockCache(path: directory.path, capacity: 64 << 20))
        let files = directory.files()
        #expect(remote.asked() == 1 && files.count == 1)
        for path in [directory.path, files[0], directory.place.appending("new")] {
            for _ in 0..<2 { try await remote.check([0..<9], noMemory, DiskBlockCache(path: path, capacity: 0)) }
            #expect(remote.asked() == 2 && directory.files() == files)
        }
        #expect(!FileManager.default.fileExists(atPath: directory.place.appending("new")))
    }

    @Test func leftoversOfDeadWriters() async throws {
        let directory = try CacheDirectory()
        let remote = RemoteBytes("f", 100_000, seed: 5)
        try await remote.check([0..<9], noMemory, DiskBlockCache(path: directory.path, capacity: 64 << 20))
        let (old, new) = (directory.own + "/.tmp-old", directory.own + "/.tmp-new")
        for path in [old, new] { try directory.put([1], path) }
        try directory.age(old, seconds: 4000)
        try directory.age(new, seconds: 3000)
        try await remote.check([0..<9], noMemory, DiskBlockCache(path: directory.path, capacity: 64 << 20))
        #expect(!FileManager.default.fileExists(atPath: old) && FileManager.default.fileExists(atPath: new))
        #expect(remote.asked() == 1)
    }

    /// As two processes would: each knows of the other's files by listings only.
    @Test func twoAtOnce() async throws {
        let directory = try CacheDirectory()
        let capacity = 4 << 20
        let remotes = (0..<3).map { RemoteBytes("file \($0)", 3 << 20, seed: UInt64($0)) }
        let disks = (0..<2).map { _ in DiskBlockCache(path: directory.path, capacity: capacity) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    var random = SplitMix64(seed: UInt64(task))
                    let cache = BlockCache(capacity: 200_000)
                    for _ in 0..<40 {
                        let remote = remotes[random.below(3)]
                        let ranges = anyRanges(remote.bytes.count, &random)
                        try await remote.check(ranges, cache, disks[task % 2], "task \(task)")
                        let space = directory.space()
                        // Files of the other one since the last listing, and those that are being written.
                        try check(space <= capacity + capacity / 8 + 8 * (2 << 20), "\(space) of \(capacity)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(directory.space() <= capacity + capacity / 8 + (2 << 20))
        #expect(directory.files().allSatisfy { !$0.contains(".tmp-") })
    }

    /// One for each directory and size, as long as it is used.
    @Test func shared() throws {
        let directory = try CacheDirectory()
        let first = DiskBlockCache.shared(path: directory.path, capacity: 1000)
        #expect(DiskBlockCache.shared(path: directory.path, capacity: 1000) === first)
        #expect(DiskBlockCache.shared(path: directory.path, capacity: 2000) !== first)
    }
}
