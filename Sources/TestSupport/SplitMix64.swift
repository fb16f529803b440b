// SPDX-License-Identifier: Apache-2.0

/// Random numbers that are the same for the same seed on every machine: a failing case can be run again.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    package mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    package mutating func chance(_ part: Double) -> Bool { Double.random(in: 0..<1, using: &self) < part }

    package mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    /// A random part of `0..<count`, whole and empty ones among them.
    package mutating func range(in count: Int) -> Range<Int> {
        let a = below(count + 1)
        let b = below(count + 1)
        return min(a, b)..<max(a, b)
    }
}
