// SPDX-License-Identifier: Apache-2.0

/// Random numbers that are the same for the same seed on every machine and with every version of the standard library:
/// an index that is built again from the same rows has the same bytes.
///
/// The generator is SplitMix64. The standard library's functions over generators may change what they draw, so there
/// is one of our own.
package struct SeededRandom: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number in `0..<bound`; the bias of 2^-64 times the bound does not matter here.
    package mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

    /// `wanted` different numbers of `0..<count` in random order, or all of them.
    package mutating func sample(_ wanted: Int, of count: Int) -> [UInt32] {
        var numbers = [UInt32](0..<UInt32(count))
        let wanted = min(wanted, count)
        for index in 0..<wanted { numbers.swapAt(index, index + below(count - index)) }
        numbers.removeSubrange(wanted...)
        return numbers
    }
}
