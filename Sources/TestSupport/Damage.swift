// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation

/// Damaged copies of good bytes, the same for the same seed.
package struct Damage {
    private var random: SplitMix64
    private let good: [UInt8]

    package init(_ good: [UInt8], seed: UInt64) {
        self.good = good
        random = SplitMix64(seed: seed)
    }

    /// `cases`, or as many as the environment's `SWIFT_LANCE_DAMAGE` asks for: a long run by hand.
    package static func count(_ cases: Int) -> Int {
        ProcessInfo.processInfo.environment["SWIFT_LANCE_DAMAGE"].flatMap { Int($0) } ?? cases
    }

    package mutating func truncation() -> (bytes: [UInt8], what: String) {
        let length = random.below(good.count)
        return (Array(good[..<length]), "cut to \(length) of \(good.count) bytes")
    }

    /// Mostly one byte, sometimes a few, sometimes a whole integer of an extreme value.
    package mutating func change() -> (bytes: [UInt8], what: String) {
        var bytes = good
        var places: [String] = []
        if random.chance(0.15), good.count >= 8 {
            let place = random.below(good.count - 7)
            let value: UInt64 = [0, 1, UInt64.max, 1 << 63, 1 << 62, 1 << 32, UInt64(UInt32.max), UInt64(Int.max)][
                random.below(8)]
            withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(place..<place + 8, with: $0) }
            places.append("\(place): \(value)")
        } else {
            for _ in 0..<(random.chance(0.8) ? 1 : 1 + random.below(4)) {
                let place = random.below(good.count)
                let flipped = bytes[place] ^ (1 << UInt8(random.below(8)))
                let value = random.chance(0.5) ? UInt8(truncatingIfNeeded: random.next()) : flipped
                bytes[place] = value
                places.append("\(place): \(value)")
            }
        }
        return (bytes, "changed " + places.joined(separator: ", "))
    }

    /// Runs `read` on damaged bytes: truncated ones must throw a `Failure`, changed ones may.
    ///
    /// Returns how many of the changed ones threw.
    @discardableResult
    package static func run(
        _ good: [UInt8], seed: UInt64, truncations: Int, changes: Int, _ read: ([UInt8]) async throws -> Void
    ) async throws -> Int {
        var damage = Damage(good, seed: seed)
        for _ in 0..<count(truncations) {
            let (bytes, what) = damage.truncation()
            do {
                try await read(bytes)
            } catch is Failure {
                continue
            } catch {
                throw CheckFailure("\(what): \(error)")
            }
            throw CheckFailure("\(what): nobody minded")
        }
        var refused = 0
        for _ in 0..<count(changes) {
            let (bytes, what) = damage.change()
            do {
                try await read(bytes)
            } catch is Failure {
                refused += 1
            } catch {
                throw CheckFailure("\(what): \(error)")
            }
        }
        return refused
    }
}
