// SPDX-License-Identifier: Apache-2.0
import LanceTable
import TestSupport
import Testing

struct CompactionTests {
    private func groups(_ target: Int, _ fragments: (rows: Int, deleted: Int, coverage: Set<Int>)...) -> [[UInt32]] {
        CompactionPlan(
            fragments.enumerated().map {
                .init(id: UInt32($0), rows: $1.rows, deleted: $1.deleted, coverage: $1.coverage)
            }, target: target
        ).groups
    }

    @Test func neighboursGoTogether() {
        #expect(groups(100) == [])
        #expect(groups(100, (10, 0, [])) == [], "one alone")
        #expect(groups(100, (10, 0, []), (10, 0, []), (10, 0, [])) == [[0, 1, 2]])
        #expect(groups(100, (10, 0, []), (60, 0, []), (10, 0, []), (10, 0, [])) == [[2, 3]], "a large one stays")
        #expect(groups(100, (40, 0, []), (40, 0, []), (40, 0, []), (40, 0, [])) == [[0, 1], [2, 3]])
        #expect(groups(100, (10, 0, [1]), (10, 0, [1]), (10, 0, []), (10, 0, [])) == [[0, 1], [2, 3]])
        #expect(groups(100, (10, 0, [1]), (10, 0, [2]), (10, 0, [1])) == [], "covered by others")
    }

    private func paying(_ fragments: (rows: Int, deleted: Int)...) -> [[UInt32]] {
        let candidates = fragments.enumerated().map {
            CompactionPlan.Candidate(id: UInt32($0), rows: $1.rows, deleted: $1.deleted, coverage: [])
        }
        return CompactionPlan(candidates, target: 1000).paying(candidates).groups
    }

    @Test func whatPays() {
        #expect(paying((10, 0), (10, 0), (10, 0)) == [], "few")
        #expect(paying((10, 0), (10, 0), (10, 0), (10, 0)) == [[0, 1, 2, 3]])
        #expect(paying((400, 0), (10, 0), (10, 0), (10, 0), (10, 0)) == [[1, 2, 3, 4]], "a large one stays out")
        #expect(paying((350, 0), (10, 0), (10, 0), (10, 0), (300, 0), (50, 0)) == [[0, 1, 2, 3, 4, 5]])
        #expect(paying((10, 0), (10, 0), (400, 0), (10, 0), (10, 0)) == [], "two on each side")
        #expect(
            paying((400, 0), (100, 0), (10, 0), (10, 0), (10, 0), (10, 0)) == [[2, 3, 4, 5]], "one after the other")
        #expect(paying((400, 50), (10, 0)) == [[0, 1]], "deleted rows")
        #expect(paying((400, 40)) == [[0]])
        #expect(paying() == [])
    }

    /// Rows come a few at a time for long, and each is written again no more than some log2 times.
    @Test func aRowIsRarelyWrittenAgain() {
        var sizes: [Int] = []
        var written = 0
        for _ in 0..<20_000 {
            sizes.append(10)
            let candidates = sizes.enumerated().map {
                CompactionPlan.Candidate(id: UInt32($0), rows: $1, deleted: 0, coverage: [])
            }
            for group in CompactionPlan(candidates, target: 1 << 20).paying(candidates).groups.reversed() {
                let range = Int(group[0])...Int(group[group.count - 1])
                let rows = sizes[range].reduce(0, +)
                written += rows
                sizes.replaceSubrange(range, with: [rows])
            }
            #expect(sizes.count < 64)
        }
        #expect(written < 200_000 * 18)
    }

    @Test func deletedRowsAreDropped() {
        #expect(groups(100, (90, 8, [])) == [], "less than a tenth")
        #expect(groups(100, (90, 9, [])) == [[0]])
        #expect(groups(100, (500, 400, []), (500, 0, [])) == [[0]])
        #expect(groups(1, (3, 1, []), (1, 0, [])) == [[0]])
    }

    @Test func whatCannotFollowStays() {
        var fragments = (0..<4).map { CompactionPlan.Candidate(id: $0, rows: 10, deleted: 5, coverage: []) }
        fragments[1].isFixed = true
        #expect(CompactionPlan(fragments, target: 100).groups == [[0], [2, 3]])
    }

    /// Every live row of a group has one place in the new fragments, in the old order.
    @Test func rowsMove() {
        var random = SplitMix64(seed: 8)
        for _ in 0..<200 {
            var moves = RowMoves()
            var expected: [RowAddress: RowAddress?] = [:]
            var nextID: UInt32 = 50
            var id: UInt32 = 0
            for _ in 0..<1 + random.below(3) {
                var old: [(id: UInt32, rows: Int, deletions: DeletionVector?)] = []
                var live: [RowAddress] = []
                for _ in 0..<1 + random.below(4) {
                    let rows = 1 + random.below(20)
                    let deleted = (0..<rows).filter { _ in random.chance(0.3) }.map { UInt32($0) }
                    old.append((id, rows, deleted.isEmpty ? nil : DeletionVector(deleted)))
                    for row in 0..<UInt32(rows) {
                        let address = RowAddress(fragment: id, offset: row)
                        if deleted.contains(row) { expected[address] = .some(nil) } else { live.append(address) }
                    }
                    id += 1
                }
                var new: [(id: UInt32, rows: Int)] = []
                var left = live[...]
                while !left.isEmpty {
                    let rows = min(left.count, 1 + random.below(30))
                    for (offset, address) in left.prefix(rows).enumerated() {
                        expected[address] = RowAddress(fragment: nextID, offset: UInt32(offset))
                    }
                    left = left.dropFirst(rows)
                    new.append((nextID, rows))
                    nextID += 1
                }
                moves.add(old, to: new)
            }
            for (old, new) in expected { #expect(moves.address(of: old) == new) }
            let other = RowAddress(fragment: 40, offset: 3)
            #expect(moves.address(of: other) == other && !moves.moves(40))
            #expect(moves.address(of: RowAddress(fragment: 0, offset: 1000)) == nil)
        }
    }
}
