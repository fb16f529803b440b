// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Synchronization

/// Parts of files on servers that were read lately, up to a number of bytes: shared by the tables of a process.
///
/// Data and index files never change, so nothing in it is ever stale. A file is cut into blocks; what one request
/// brought, a run of blocks, is kept and dropped together. A run that was dropped is found again as long as somebody
/// holds its region.
package final class BlockCache: Sendable {
    /// A request takes as long as some hundred kilobytes, and rows that are wanted lie far apart.
    package static let blockBytes = 16 << 10

    private struct Key: Hashable {
        var file: String
        var block: Int
    }

    private final class Run {
        let blocks: Range<Int>
        /// Nil once it was dropped.
        var kept: Region?
        weak var region: Region?
        var lastUsed: UInt64
        /// Blocks of which it is the newest run that is kept.
        var current: Int

        init(_ region: Region, _ blocks: Range<Int>, isKept: Bool, now: UInt64) {
            self.blocks = blocks
            self.region = region
            kept = isKept ? region : nil
            lastUsed = now
            current = isKept ? blocks.count : 0
        }
    }

    /// A run as it was when it joined the queue.
    private struct Queued {
        var run: Run
        var file: String
        var lastUsed: UInt64
    }

    private struct State {
        /// The newest first: what somebody holds is found, whatever others brought since, and let go.
        var runs: [Key: [Run]] = [:]
        /// Of all lists in `runs`.
        var entries = 0
        /// As many entries as there may be before the dead ones among them are looked for: twice what was left the last time.
        var mostEntries = BlockCache.leastEntries
        /// All that are kept, from `first` on, and some that no longer are.
        var queue: [Queued] = []
        var first = 0
        var keptRuns = 0
        var bytes = 0
        var clock: UInt64 = 0

        func run(of key: Key) -> (run: Run, region: Region)? {
            for run in runs[key] ?? [] {
                guard let region = run.region else { continue }
                run.lastUsed = clock
                return (run, region)
            }
            return nil
        }

        /// Lets a run go, and gives its blocks back to the runs that had them before and are still kept.
        mutating func drop(_ run: Run, of file: String) {
            guard let kept = run.kept else { return }
            if run.current > 0 {
                for block in run.blocks {
                    let others = (runs[Key(file: file, block: block)] ?? []).lazy.filter { $0.kept != nil }
                    guard let newest = others.first, newest === run else { continue }
                    others.dropFirst().first?.current += 1
                }
            }
            run.current = 0
            run.kept = nil
            keptRuns -= 1
            bytes -= kept.count
        }

        mutating func insert(_ run: Run, of file: String) {
            for block in run.blocks {
                let key = Key(file: file, block: block)
                let others = runs[key] ?? []
                if run.kept != nil, let last = others.first(where: { $0.kept != nil }) {
                    last.current -= 1
                    if last.current == 0 { drop(last, of: file) }
                }
                let left = [run] + others.filter { $0.region != nil }
                entries += left.count - others.count
                runs[key] = left
            }
            if let kept = run.kept {
                bytes += kept.count
                keptRuns += 1
                queue.append(Queued(run: run, file: file, lastUsed: run.lastUsed))
            }
        }

        /// Those go that were not used since they joined the queue; the others join it again.
        mutating func makeRoom(_ capacity: Int) {
            while bytes > capacity, first < queue.count {
                var next = queue[first]
                first += 1
                if next.run.kept != nil, next.run.lastUsed != next.lastUsed {
                    next.lastUsed = next.run.lastUsed
                    queue.append(next)
                } else {
                    drop(next.run, of: next.file)
                }
            }
        }

        /// Forgets what is gone, where that is the greater part.
        mutating func sweep() {
            if queue.count > 2 * keptRuns + BlockCache.leastEntries {
                queue = queue[first...].filter { $0.run.kept != nil }
                first = 0
            }
            guard entries > mostEntries else { return }
            runs = runs.compactMapValues { runs in
                let left = runs.filter { $0.region != nil }
                return left.isEmpty ? nil : left
            }
            entries = runs.values.reduce(0) { $0 + $1.count }
            mostEntries = max(2 * entries, BlockCache.leastEntries)
        }
    }

    /// Of so few it is not worth while to forget some.
    private static let leastEntries = 1024

    /// The one that the tables of this process share.
    package static let shared = BlockCache(capacity: 128 << 20)

    package let capacity: Int
    private let state = Mutex(State())

    package init(capacity: Int) { self.capacity = capacity }

    /// Bytes that are kept.
    package var byteCount: Int { state.withLock { $0.bytes } }

    /// The regions that have the blocks, each with the number of its first block; nil where a block is missing.
    ///
    /// - Parameter file: a name that no other file has, nor ever had.
    func regions(_ blocks: Range<Int>, of file: String) -> [(firstBlock: Int, region: Region)]? {
        state.withLock { state in
            state.clock += 1
            var found: [(Int, Region)] = []
            var block = blocks.lowerBound
            while block < blocks.upperBound {
                guard let (run, region) = state.run(of: Key(file: file, block: block)) else { return nil }
                found.append((run.blocks.lowerBound, region))
                block = run.blocks.upperBound
            }
            return found
        }
    }

    /// Which of some blocks are not in memory, and the regions of the others.
    func look(_ blocks: [Range<Int>], of file: String) -> (missing: [Int], found: [Region]) {
        state.withLock { state in
            state.clock += 1
            var (missing, found): ([Int], [Region]) = ([], [])
            for range in blocks {
                var block = range.lowerBound
                while block < range.upperBound {
                    if let (run, region) = state.run(of: Key(file: file, block: block)) {
                        found.append(region)
                        block = run.blocks.upperBound
                    } else {
                        missing.append(block)
                        block += 1
                    }
                }
            }
            return (missing, found)
        }
    }

    /// Keeps what a request brought, unless it is more than may be kept at all. Where others brought the same, either is
    /// right.
    func insert(_ region: Region, _ blocks: Range<Int>, of file: String) {
        state.withLock { state in
            state.clock += 1
            state.insert(Run(region, blocks, isKept: region.count <= capacity, now: state.clock), of: file)
            state.makeRoom(capacity)
            state.sweep()
        }
    }
}
