// SPDX-License-Identifier: Apache-2.0
import LanceTable
import Testing

struct CleanupPolicyTests {
    private func removable(
        _ moments: [Double], before: Double, keep: Int = 1, tagged: Set<UInt64> = []
    ) -> [UInt64] {
        let versions = moments.enumerated().map { CleanupPolicy.Version(number: UInt64($0 + 1), committedAt: $1) }
        return CleanupPolicy(replacedBefore: before, keep: keep, unnamedBefore: nil)
            .removable(versions, tagged: tagged).sorted()
    }

    /// Version 2 was the newest one until 30.
    @Test func ageCountsFromTheNextVersion() {
        #expect(removable([10, 20, 30, 40], before: 30) == [1])
        #expect(removable([10, 20, 30, 40], before: 30.5) == [1, 2])
        #expect(removable([10, 20, 30, 40], before: 1000) == [1, 2, 3])
        #expect(removable([10, 20, 30, 40], before: 5) == [])
    }

    @Test func theNewestStay() {
        for keep in [-1, 0, 1] { #expect(removable([10, 20, 30], before: 100, keep: keep) == [1, 2]) }
        #expect(removable([10, 20, 30], before: 100, keep: 2) == [1])
        for keep in [3, 4, Int.max] { #expect(removable([10, 20, 30], before: 100, keep: keep) == []) }
        #expect(removable([10], before: 100) == [])
        #expect(removable([], before: 100) == [])
    }

    @Test func namedOnesStay() {
        #expect(removable([10, 20, 30], before: 100, tagged: [1, 3, 77]) == [2])
    }

    /// A clock that is behind makes no version older than the one before it.
    @Test func clocksThatGoBack() {
        #expect(removable([10, 500, 20, 30], before: 100) == [])
        #expect(removable([10, 20, 500, 30], before: 100) == [1])
        #expect(removable([10, 20, 15, 30, 40], before: 35) == [1, 2, 3])
    }

    @Test func bounds() {
        let versions = (1...5).map { CleanupPolicy.Version(number: UInt64($0), committedAt: 0) }
        let policy = CleanupPolicy(replacedBefore: .infinity, keep: 1, unnamedBefore: nil, below: 3)
        #expect(policy.removable(versions, tagged: [1]) == [2])
    }

    @Test func unnamedFiles() {
        let policy = CleanupPolicy(replacedBefore: 0, keep: 1, unnamedBefore: 50)
        #expect(policy.mayGo(unnamed: 49) && !policy.mayGo(unnamed: 50))
        #expect(!CleanupPolicy(replacedBefore: 0, keep: 1, unnamedBefore: nil).mayGo(unnamed: 0))
    }
}
