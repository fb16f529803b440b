// SPDX-License-Identifier: Apache-2.0

/// A piece of text, of one to eight bytes, that a table of symbols gives a byte of its own.
struct Symbol: Equatable {
    /// The first byte in the lowest bits; those above the last one are 0.
    let word: UInt64
    let length: Int

    static let longest = 8

    init(word: UInt64, length: Int) {
        self.word = word
        self.length = length
    }

    init(_ byte: UInt8) { self.init(word: UInt64(byte), length: 1) }

    /// Bits of a word that `length` bytes take.
    static func mask(_ length: Int) -> UInt64 { length >= longest ? .max : (1 << UInt64(length * 8)) - 1 }

    /// This one and the beginning of the next, as far as it fits.
    func followed(by next: Symbol) -> Symbol {
        guard length < Self.longest else { return self }
        return Symbol(word: word | next.word << UInt64(length * 8), length: min(length + next.length, Self.longest))
    }
}
