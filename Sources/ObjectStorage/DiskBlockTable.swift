// SPDX-License-Identifier: Apache-2.0

/// Which runs of blocks are on the disk: 16 bytes a run, and some more a file.
package struct DiskBlockTable {
    /// By the hash of the file's identity, ascending by the first block and then the last.
    private var runs: [UInt128: [Range<Int>]] = [:]

    package init(_ names: some Sequence<DiskBlockName> = []) {
        for name in names { runs[name.hash, default: []].append(name.blocks) }
        for hash in runs.keys { runs[hash]?.sort(by: Self.isBefore) }
    }

    private static func isBefore(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
        (a.lowerBound, a.upperBound) < (b.lowerBound, b.upperBound)
    }

    /// The place of the first run that is not before `run`.
    private static func place(of run: Range<Int>, in all: [Range<Int>]) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(all[middle], run) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package func contains(_ name: DiskBlockName) -> Bool {
        guard let all = runs[name.hash] else { return false }
        let place = Self.place(of: name.blocks, in: all)
        return place < all.count && all[place] == name.blocks
    }

    package mutating func insert(_ name: DiskBlockName) {
        guard !contains(name) else { return }
        let place = Self.place(of: name.blocks, in: runs[name.hash] ?? [])
        runs[name.hash, default: []].insert(name.blocks, at: place)
    }

    /// False where it is not there.
    @discardableResult
    package mutating func remove(_ name: DiskBlockName) -> Bool {
        guard contains(name) else { return false }
        let place = Self.place(of: name.blocks, in: runs[name.hash] ?? [])
        runs[name.hash]?.remove(at: place)
        if runs[name.hash]?.isEmpty == true { runs[name.hash] = nil }
        return true
    }

    /// Runs that together have those of `blocks`, which ascend, that are there at all.
    package func cover(_ blocks: [Int], of hash: UInt128) -> [Range<Int>] {
        guard let all = runs[hash] else { return [] }
        var found: [Range<Int>] = []
        for block in blocks where block >= found.last?.upperBound ?? 0 {
            // No run is longer than `mostBlocks`: none that begins further before has the block.
            var place = Self.place(of: block + 1..<block + 1, in: all) - 1
            var best: Range<Int>?
            while place >= 0, all[place].lowerBound > block - DiskBlockName.mostBlocks {
                if all[place].upperBound > max(block, best?.upperBound ?? 0) { best = all[place] }
                place -= 1
            }
            if let best { found.append(best) }
        }
        return found
    }
}
