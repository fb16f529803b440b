// SPDX-License-Identifier: Apache-2.0
import ObjectStorage
import TestSupport
import Testing

struct DiskBlockTableTests {
    private func anyName(_ random: inout SplitMix64) -> DiskBlockName {
        let first = random.below(300)
        let count = 1 + random.below(random.chance(0.5) ? 3 : DiskBlockName.mostBlocks)
        return DiskBlockName(hash: UInt128(random.below(3)) << 100, blocks: first..<first + count)
    }

    /// Against a set of names.
    @Test func anyChanges() throws {
        for seed in 0..<30 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var model = Set((0..<random.below(60)).map { _ in anyName(&random) })
            var table = DiskBlockTable(model)
            for _ in 0..<200 {
                let name =
                    random.chance(0.4) ? model.randomElement(using: &random) ?? anyName(&random) : anyName(&random)
                if random.chance(0.5) {
                    table.insert(name)
                    model.insert(name)
                } else {
                    try check(table.remove(name) == (model.remove(name) != nil), "seed \(seed): removed \(name)")
                }
                try check(table.contains(name) == model.contains(name), "seed \(seed): \(name)")
                let blocks = Set((0..<random.below(40)).map { _ in random.below(400) }).sorted()
                let found = table.cover(blocks, of: name.hash)
                let there = model.filter { $0.hash == name.hash }
                try check(found.allSatisfy { run in there.contains { $0.blocks == run } }, "seed \(seed): \(found)")
                for block in blocks {
                    try check(
                        found.contains { $0.contains(block) } == there.contains { $0.blocks.contains(block) },
                        "seed \(seed), block \(block): \(found)")
                }
                try check(found.allSatisfy { run in blocks.contains { run.contains($0) } }, "in vain: \(found)")
            }
        }
    }

    @Test func names() {
        let zeros = String(repeating: "0", count: 31)
        for name in [
            DiskBlockName(hash: 0, blocks: 0..<1), DiskBlockName(hash: .max, blocks: 1 << 40..<(1 << 40) + 64),
            DiskBlockName(hash: 17, blocks: 63..<64),
        ] {
            #expect(name.text.utf8.count >= 36)
            #expect(DiskBlockName(name.text) == name)
        }
        #expect(DiskBlockName(zeros + "a-0-1") != nil)
        for text in [
            "", "-", "--", "a-0-1", zeros + "A-0-1", zeros + "a-00-1", zeros + "a-+0-1", zeros + "a--1-1",
            zeros + "a-0-0",
            zeros + "a-0-65", zeros + "a-0-1-", zeros + "a-0-1.tmp", zeros + "a-0", zeros + "g-0-1",
            zeros + "aa-0-1", zeros + "a-9223372036854775807-1", zeros + "a-99999999999999999999-1", ".tmp-" + zeros,
        ] {
            #expect(DiskBlockName(text) == nil, "\(text)")
        }
    }

    /// Damage of a bit, of any length of bytes, gives another hash; so do zeros in front and at the end.
    @Test func hashes() throws {
        var random = SplitMix64(seed: 1)
        func hash(_ bytes: [UInt8], _ seed: UInt64 = 0) -> UInt64 {
            bytes.withUnsafeBytes { BlockHash.hash($0, seed: seed) }
        }
        for count in Array(0..<80) + [4096, 16_385] {
            var bytes = random.bytes(count)
            let right = hash(bytes)
            #expect(hash(bytes, 1) != right && hash(bytes + [0]) != right && hash([0] + bytes) != right)
            for bit in count < 80 ? Array(0..<count * 8) : (0..<500).map({ _ in random.below(count * 8) }) {
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                try check(hash(bytes) != right, "bit \(bit) of \(count) bytes")
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            }
        }
        #expect(Set((0..<2000).map { hash([UInt8](repeating: 0, count: $0)) }).count == 2000)
    }
}
