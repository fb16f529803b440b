// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

@Suite struct TopKTests {
    /// Thousands of small random cases with few distinct distances, so that most decisions are ties, against sorting
    /// everything.
    @Test func keepsWhatSortingEverythingWouldKeep() {
        var random = SplitMix64(seed: 5)
        let distances: [Float] = [0, -0.0, 0.25, 0.5, 1, 2, -3, .nan, .infinity, -.infinity, .greatestFiniteMagnitude]
        for round in 0..<5000 {
            let k = Int.random(in: 0...12, using: &random)
            let count = Int.random(in: 0...60, using: &random)
            let kinds = Int.random(in: 1...distances.count, using: &random)
            let offered = (0..<count).map { _ in
                Neighbor(
                    distance: distances[Int.random(in: 0..<kinds, using: &random)],
                    address: UInt64.random(in: 0...40, using: &random))
            }
            let want = Array(offered.filter(\.distance.isFinite).sorted().prefix(k))

            var whole = TopK(k)
            for neighbor in offered {
                let before = whole.worst
                whole.insert(distance: neighbor.distance, address: neighbor.address)
                #expect(whole.worst <= before)
            }
            #expect(same(whole.sorted(), want), "round \(round)")
            #expect(whole.count == want.count)
            let worst = k == 0 ? -.infinity : want.count == k ? want[k - 1].distance : .infinity
            #expect(whole.worst == worst, "round \(round)")

            // In parts, as threads do.
            var parts = (0..<3).map { _ in TopK(k) }
            for neighbor in offered {
                parts[Int.random(in: 0..<3, using: &random)]
                    .insert(distance: neighbor.distance, address: neighbor.address)
            }
            var merged = TopK(k)
            for part in parts { merged.merge(part) }
            #expect(same(merged.sorted(), want), "round \(round), merged")
        }
    }

    @Test func aTieAtTheLastPlaceIsWonByTheSmallerAddress() {
        var nearest = TopK(2)
        nearest.insert(distance: 1, address: 9)
        nearest.insert(distance: 1, address: 8)
        nearest.insert(distance: 1, address: 10)
        nearest.insert(distance: 1, address: 7)
        #expect(nearest.sorted() == [Neighbor(distance: 1, address: 7), Neighbor(distance: 1, address: 8)])
    }

    @Test func aHugeKCostsNothing() {
        var nearest = TopK(Int.max)
        nearest.insert(distance: 1, address: 1)
        #expect(nearest.worst == .infinity)
        #expect(nearest.sorted().count == 1)
    }

    @Test func aNegativeKKeepsNothing() {
        var nearest = TopK(-1)
        nearest.insert(distance: 1, address: 1)
        #expect(nearest.sorted().isEmpty)
    }

    /// Equal, with 0 and -0 taken for the same distance.
    private func same(_ a: [Neighbor], _ b: [Neighbor]) -> Bool {
        a.map(\.distance) == b.map(\.distance) && a.map(\.address) == b.map(\.address)
    }
}
