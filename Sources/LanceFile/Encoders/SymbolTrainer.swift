// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Chooses the symbols for a page of text from a sample of its values: the same values give the same symbols.
///
/// Begins with no symbol at all and codes the sample again and again: each time, the symbols in use and what each two
/// neighbours make together are weighed by the bytes that they cover, and the 255 best are the next table.
struct SymbolTrainer {
    /// An eighth of the page, and no more than gives a better table.
    private static let sampleBytes = (least: 16 << 10, most: 128 << 10)
    private static let rounds = 8

    private let sample: TextValues

    init(_ values: TextValues) {
        let wanted = min(max(values.data.count / 8, Self.sampleBytes.least), Self.sampleBytes.most)
        let step = max((values.data.count + wanted - 1) / wanted, 1)
        // Values from all over the page, one of each `step`; not the same one each time, as pages may have a rhythm.
        let rows = stride(from: 0, to: values.count, by: step).map { first in
            first + Int((UInt64(first) &* 0x9e37_79b9_7f4a_7c15) >> 40) % min(step, values.count - first)
        }
        sample = step == 1 ? values : values.gather(rows)
    }

    /// Nil where the sample has nothing to choose from.
    func train() -> SymbolCoder? {
        var coder = SymbolCoder([])
        var best: SymbolCoder?
        var bestSize = Int.max
        for round in 0...Self.rounds {
            let counts = Counts(sample, coder)
            if counts.size < bestSize, !coder.symbols.isEmpty {
                bestSize = counts.size
                best = coder
            }
            guard round < Self.rounds else { break }
            let next = counts.symbols(coder.symbols)
            guard !next.isEmpty else { break }
            coder = SymbolCoder(next)
        }
        return best
    }

    /// How often a table's codes come, and each two of them one after the other.
    private struct Counts {
        private var singles = [UInt32](repeating: 0, count: 512)
        private var pairs = [UInt16](repeating: 0, count: 512 * 512)
        /// Bytes that the sample takes.
        private(set) var size = 0

        init(_ sample: TextValues, _ coder: SymbolCoder) {
            var size = 0
            singles.withUnsafeMutableBufferPointer { singles in
                pairs.withUnsafeMutableBufferPointer { pairs in
                    sample.data.withUnsafeBytes { source in
                        coder.index.withFinder { finder in
                            for row in 0..<sample.count {
                                let range = sample.offsets[row]..<sample.offsets[row + 1]
                                var last = -1
                                finder.forEachSymbol(UnsafeRawBufferPointer(rebasing: source[range])) { code, _ in
                                    size += 1 + code >> 8
                                    singles[code] += 1
                                    if last >= 0 {
                                        let pair = last << 9 | code
                                        if pairs[pair] < .max { pairs[pair] += 1 }
                                    }
                                    last = code
                                }
                            }
                        }
                    }
                }
            }
            self.size = size
        }

        /// The best symbols that can be made of those in use.
        func symbols(_ inUse: [Symbol]) -> [Symbol] {
            let all = (0..<512).map { code -> Symbol? in
                code >= 256 ? Symbol(UInt8(code - 256)) : code < inUse.count ? inUse[code] : nil
            }
            var gains = SymbolGains()
            let used = all.indices.filter { singles[$0] > 0 }
            for code in used {
                guard let symbol = all[code] else { continue }
                // Symbols of one byte are what the others are made of, and a byte without one takes two.
                gains.add(symbol, Int(singles[code]) * (symbol.length == 1 ? 4 : symbol.length))
                guard symbol.length < Symbol.longest else { continue }
                for other in used {
                    let count = Int(pairs[code << 9 | other])
                    guard count > 1, let next = all[other] else { continue }
                    let joined = symbol.followed(by: next)
                    gains.add(joined, count * joined.length)
                    // What a long neighbour begins with may go well with this one, too.
                    if next.length > 1 {
                        let short = symbol.followed(by: Symbol(UInt8(truncatingIfNeeded: next.word)))
                        if short != joined { gains.add(short, count * short.length) }
                    }
                }
            }
            return gains.best(SymbolCoder.mostSymbols)
        }
    }
}
