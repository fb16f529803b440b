// SPDX-License-Identifier: Apache-2.0

/// Finds the longest symbol of a table with which text begins.
///
/// Symbols of three bytes and more are found by their first two: those with the same two stand side by side, the
/// longest first. Most pairs of bytes begin no such symbol or one.
struct SymbolIndex {
    /// What a pair of bytes says; the first byte is the low one.
    ///
    /// ```
    /// bits 0-8   code where no longer symbol fits; 256 + byte for a byte without a symbol
    /// bits 9-10  how many bytes that takes: 1 or 2
    /// bits 11-18 the first of the longer symbols | bits 19-26 how many there are
    /// ```
    private var pairs: [UInt32]
    /// The code of the last byte of a value; or 256 + byte.
    private var singles: [UInt16]
    /// The longer symbols.
    private var words: [UInt64] = []
    private var masks: [UInt64] = []
    /// code | length << 8
    private var codes: [UInt16] = []

    /// - Parameter symbols: 255 at the most, each at the place of its code.
    init(_ symbols: [Symbol]) {
        singles = (0..<256).map { 256 + $0 }
        for (code, symbol) in symbols.enumerated() where symbol.length == 1 {
            singles[Int(symbol.word)] = UInt16(code)
        }
        let entries = singles.map { UInt32($0) | 1 << 9 }
        pairs = []
        pairs.reserveCapacity(1 << 16)
        for _ in 0..<256 { pairs.append(contentsOf: entries) }
        for (code, symbol) in symbols.enumerated() where symbol.length == 2 {
            pairs[Int(symbol.word)] = UInt32(code) | 2 << 9
        }
        let long = symbols.enumerated().filter { $0.element.length > 2 }.sorted {
            let (a, b) = ($0.element.word & 0xffff, $1.element.word & 0xffff)
            return a != b ? a < b : $0.element.length > $1.element.length
        }
        for (place, (code, symbol)) in long.enumerated() {
            let pair = Int(symbol.word & 0xffff)
            if pairs[pair] >> 19 == 0 { pairs[pair] |= UInt32(place) << 11 }
            pairs[pair] += 1 << 19
            words.append(symbol.word)
            masks.append(Symbol.mask(symbol.length))
            codes.append(UInt16(code) | UInt16(symbol.length) << 8)
        }
        // So that there is an address where no symbol is long.
        words.append(0)
        masks.append(0)
        codes.append(0)
    }

    /// Lends the tables to a loop over text.
    func withFinder(_ body: (Finder) -> Void) {
        pairs.withUnsafeBufferPointer { pairs in
            singles.withUnsafeBufferPointer { singles in
                words.withUnsafeBufferPointer { words in
                    masks.withUnsafeBufferPointer { masks in
                        codes.withUnsafeBufferPointer { codes in
                            guard let pairs = pairs.baseAddress, let singles = singles.baseAddress,
                                let words = words.baseAddress, let masks = masks.baseAddress,
                                let codes = codes.baseAddress
                            else { return }
                            body(Finder(pairs: pairs, singles: singles, words: words, masks: masks, codes: codes))
                        }
                    }
                }
            }
        }
    }

    /// No access is checked: words, pairs and bytes cannot be out of the tables' range.
    struct Finder {
        fileprivate let pairs: UnsafePointer<UInt32>
        fileprivate let singles: UnsafePointer<UInt16>
        fileprivate let words: UnsafePointer<UInt64>
        fileprivate let masks: UnsafePointer<UInt64>
        fileprivate let codes: UnsafePointer<UInt16>

        /// Hands over the symbols of a value from its first byte to its last: code (256 + byte where there is none) and
        /// the word that the symbol begins.
        @inline(__always)
        func forEachSymbol(_ value: UnsafeRawBufferPointer, _ body: (_ code: Int, _ word: UInt64) -> Void) {
            guard let start = value.baseAddress else { return }
            let end = start + value.count
            var next = start
            // All symbols fit while there are eight bytes.
            while end - next >= Symbol.longest {
                let word = UInt64(littleEndian: next.loadUnaligned(as: UInt64.self))
                let (code, length) = find(word, left: Symbol.longest)
                body(code, word)
                next += length
            }
            var word = Self.word(start, next, end)
            while next < end {
                let (code, length) = find(word, left: end - next)
                body(code, word)
                next += length
                word &>>= UInt64(length * 8)
            }
        }

        /// The last, fewer than eight, bytes.
        @inline(__always)
        private static func word(_ start: UnsafeRawPointer, _ next: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UInt64
        {
            let left = end - next
            guard left > 0 else { return 0 }
            if end - start >= 8 {
                let last = UInt64(littleEndian: (end - 8).loadUnaligned(as: UInt64.self))
                return last &>> UInt64((8 - left) * 8)
            }
            var word: UInt64 = 0
            for index in 0..<left {
                word |= UInt64(next.load(fromByteOffset: index, as: UInt8.self)) &<< UInt64(index * 8)
            }
            return word
        }

        @inline(__always)
        private func find(_ word: UInt64, left: Int) -> (code: Int, length: Int) {
            guard left > 1 else { return (Int(singles[Int(word & 0xff)]), 1) }
            let entry = pairs[Int(word & 0xffff)]
            var place = Int(entry >> 11 & 0xff)
            let end = place + Int(entry >> 19)
            while place < end {
                let length = Int(codes[place] >> 8)
                if word & masks[place] == words[place], length <= left { return (Int(codes[place] & 0xff), length) }
                place += 1
            }
            return (Int(entry & 0x1ff), Int(entry >> 9 & 3))
        }
    }
}
