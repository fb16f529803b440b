// SPDX-License-Identifier: Apache-2.0

/// Candidates for symbols, each with the bytes that it would cover.
///
/// A table of its own, as thousands of candidates are added in each round: open addressing, the words in the slots.
struct SymbolGains {
    private var words: [UInt64]
    /// 0 where a slot is free.
    private var lengths: [UInt8]
    private var gains: [Int]
    private var count = 0

    init() {
        words = [UInt64](repeating: 0, count: 1 << 13)
        lengths = [UInt8](repeating: 0, count: 1 << 13)
        gains = [Int](repeating: 0, count: 1 << 13)
    }

    mutating func add(_ symbol: Symbol, _ gain: Int) {
        if count * 2 > words.count { grow() }
        let slot = slot(symbol)
        if lengths[slot] == 0 {
            words[slot] = symbol.word
            lengths[slot] = UInt8(symbol.length)
            count += 1
        }
        gains[slot] += gain
    }

    /// Where the symbol is, or can be put.
    private func slot(_ symbol: Symbol) -> Int {
        let mixed = (symbol.word &+ UInt64(symbol.length)) &* 0x9e37_79b9_7f4a_7c15
        var slot = Int(truncatingIfNeeded: mixed >> 40) & (words.count - 1)
        while lengths[slot] != 0, words[slot] != symbol.word || Int(lengths[slot]) != symbol.length {
            slot = (slot + 1) & (words.count - 1)
        }
        return slot
    }

    private mutating func grow() {
        let old = self
        words = [UInt64](repeating: 0, count: old.words.count * 2)
        lengths = [UInt8](repeating: 0, count: words.count)
        gains = [Int](repeating: 0, count: words.count)
        count = 0
        for place in old.words.indices where old.lengths[place] != 0 {
            add(Symbol(word: old.words[place], length: Int(old.lengths[place])), old.gains[place])
        }
    }

    /// The `most` that cover the most bytes, in an order that depends on nothing else than themselves.
    func best(_ most: Int) -> [Symbol] {
        // Of thousands, only those are sorted that can be among them: by the size of their gain, to a factor of two.
        var sizes = [Int](repeating: 0, count: Int.bitWidth + 1)
        for gain in gains { sizes[Int.bitWidth - gain.leadingZeroBitCount] += 1 }
        var least = Int.bitWidth
        var taken = sizes[least]
        while least > 1, taken < most {
            least -= 1
            taken += sizes[least]
        }
        var candidates: [(symbol: Symbol, gain: Int)] = []
        for place in gains.indices
        where Int.bitWidth - gains[place].leadingZeroBitCount >= least && lengths[place] != 0 {
            candidates.append((Symbol(word: words[place], length: Int(lengths[place])), gains[place]))
        }
        candidates.sort { a, b in
            if a.gain != b.gain { return a.gain > b.gain }
            if a.symbol.length != b.symbol.length { return a.symbol.length > b.symbol.length }
            return a.symbol.word < b.symbol.word
        }
        return candidates.prefix(most).map(\.symbol)
    }
}
