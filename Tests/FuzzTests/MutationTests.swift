// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import FuzzTargets
import Foundation
import TestSupport
import Testing

/// Changed and shortened copies of good files, the same at every run: a `Failure` or something well-formed, soon and in
/// little memory, never a trap.
struct MutationTests {
    /// Of each target; `SWIFT_LANCE_DAMAGE` asks for another number, for a long run by hand.
    private static let changes = Damage.count(4000)
    private static let truncations = Damage.count(400)
    private static let mostBytes = 120_000
    private static let longest = Duration.seconds(2)

    private static func seeds(_ target: FuzzTarget) async throws -> [(name: String, bytes: [UInt8])] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        var seeds = try SeedFiles.fixtures(target, below: tests.path, most: mostBytes)
        seeds.merge(try await SeedFiles.own(target)) { $1 }
        return seeds.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    @Test(arguments: FuzzTarget.allCases) func goodFilesAreRead(_ target: FuzzTarget) async throws {
        for (name, bytes) in try await SeedFiles.own(target) {
            let failure = try await target.read(bytes)
            #expect(failure == nil, "\(name)")
        }
    }

    @Test(arguments: FuzzTarget.allCases) func changedFiles(_ target: FuzzTarget) async throws {
        let seeds = try await Self.seeds(target)
        let refused = try await HeavyWork.bounded(400 << 20) {
            var refused = 0
            for number in 0..<Self.changes {
                let (name, good) = seeds[number % seeds.count]
                var mutator = Mutator(seed: UInt64(number))
                let other = seeds[number * 31 % seeds.count].bytes
                let crossed = number % 8 == 0 ? mutator.cross(good, with: other, for: target) : nil
                let bytes = crossed ?? mutator.mutate(good, for: target, most: Self.mostBytes)
                if try await Self.read(bytes, target, "\(name), change \(number)") != nil { refused += 1 }
            }
            return refused
        }
        // Both happen, or the changes are too large or too small.
        #expect(refused > Self.changes / 10 && refused < Self.changes * 19 / 20, "\(refused) of \(Self.changes)")
    }

    @Test(arguments: FuzzTarget.allCases) func shortenedFiles(_ target: FuzzTarget) async throws {
        let seeds = try await Self.seeds(target)
        try await HeavyWork.bounded(400 << 20) {
            for number in 0..<Self.truncations {
                let (name, good) = seeds[number % seeds.count]
                var damage = Damage(good, seed: UInt64(number))
                let (bytes, what) = damage.truncation()
                // The first byte of a deletion file's input is none of the file's.
                if target == .deletions, bytes.isEmpty { continue }
                let failure = try await Self.read(bytes, target, "\(name), \(what)")
                try check(failure != nil, "\(name), \(what): nobody minded")
            }
        }
    }

    private static func read(_ bytes: [UInt8], _ target: FuzzTarget, _ what: String) async throws -> Failure? {
        let start = ContinuousClock.now
        do {
            let failure = try await target.read(bytes)
            let time = ContinuousClock.now - start
            try check(time < longest, "it took \(time)")
            return failure
        } catch {
            throw CheckFailure("\(target.rawValue), \(what): \(error)")
        }
    }
}
