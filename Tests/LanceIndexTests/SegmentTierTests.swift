// SPDX-License-Identifier: Apache-2.0
import LanceIndex
import TestSupport
import Testing

struct SegmentTierTests {
    @Test func examples() {
        #expect(SegmentTiers.merged([], new: 10) == 0)
        #expect(SegmentTiers.merged([100], new: 10) == 0)
        #expect(SegmentTiers.merged([100, 10], new: 10) == 1)
        #expect(SegmentTiers.merged([100, 30, 10], new: 10) == 2)
        #expect(SegmentTiers.merged([100, 10], new: 100) == 2)
        #expect(SegmentTiers.merged([0], new: 0) == 0)
        #expect(SegmentTiers.merged(Array(repeating: 1, count: 8), new: 0) >= 1, "too many")
    }

    /// However rows come, there are few segments, and each row is written few times.
    @Test func fewSegmentsAndLittleWork() {
        var random = SplitMix64(seed: 1)
        var sizes = [100_000]
        var written = 0
        var added = 0
        for _ in 0..<5000 {
            let new = 1 + random.below(random.chance(0.1) ? 5000 : 50)
            let count = SegmentTiers.merged(sizes, new: new)
            let merged = sizes.suffix(count).reduce(new, +)
            sizes = sizes.dropLast(count) + [merged]
            written += merged
            added += new
            #expect(sizes.count <= SegmentTiers.most)
        }
        #expect(sizes.reduce(0, +) == 100_000 + added)
        #expect(written < 12 * added, "\(written) rows written for \(added)")
    }
}
