// SPDX-License-Identifier: Apache-2.0
import TestSupport
import VectorMath

/// Product-quantised rows, and what the kernels are to say about them, word by word.
struct PQOracle {
    let bits: Int
    let subVectors: Int
    let count: Int
    let stride: Int
    let codes: [UInt8]

    var codewords: Int { 1 << bits }

    /// Random codes; what lies between the columns is random too.
    init(bits: Int, subVectors: Int, count: Int, gap: Int, using random: inout SplitMix64) {
        self.bits = bits
        self.subVectors = subVectors
        self.count = count
        stride = count + gap
        let columns = bits == 4 ? subVectors / 2 : subVectors
        // The last column ends with its last row.
        let bytes = columns == 0 ? 0 : stride * (columns - 1) + count
        codes = (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    func code(_ subVector: Int, _ row: Int) -> Int {
        guard bits == 4 else { return Int(codes[subVector * stride + row]) }
        return Int(codes[subVector / 2 * stride + row]) >> (subVector % 2 * 4) & 15
    }

    /// The number of a table that belongs to a row's code.
    private func entry<Number>(_ table: [Number], _ subVector: Int, _ row: Int) -> Number {
        table[subVector * codewords + code(subVector, row)]
    }

    /// Row numbers and bounds, bit for bit.
    func select(bytes: [UInt8], terms: [Float]?, constant: Float, step: Float, threshold: Float) -> [Selected] {
        (0..<count).compactMap { row in
            let sum = (0..<subVectors).reduce(0) { $0 + Int(entry(bytes, $1, row)) } % 65536
            let term = terms.map { $0[row] } ?? 0
            let bound = (constant + term) + step * Float(sum)
            guard bound <= threshold, term < .infinity else { return nil }
            return Selected(row: UInt32(row), bound: bound)
        }
    }

    func sums(table: [Float]) -> [Float] {
        (0..<count).map { row in (0..<subVectors).reduce(0) { $0 + entry(table, $1, row) } }
    }

    /// What a row's codes stand for.
    func vector(_ row: Int, codebook: [Float], width: Int) -> [Float] {
        (0..<subVectors).flatMap { subVector in
            let place = (subVector * codewords + code(subVector, row)) * width
            return codebook[place..<place + width]
        }
    }

    /// A reported row; equal when the bound has the same bits.
    struct Selected: Equatable, CustomStringConvertible {
        let row: UInt32
        let bits: UInt32

        init(row: UInt32, bound: Float) {
            self.row = row
            bits = bound.bitPattern
        }

        var description: String { "\(row): \(Float(bitPattern: bits))" }
    }
}

extension PQOracle {
    /// What the kernel of the level in use says; `codes` is a copy of the oracle's somewhere else.
    func kernelSelect(
        codes: UnsafePointer<UInt8>? = nil, bytes: UnsafePointer<UInt8>, terms: UnsafePointer<Float>?,
        constant: Float, step: Float, threshold: Float
    ) -> [Selected]? {
        // Behind the room that a kernel may use.
        let untouched: UInt32 = 0xDEAD_BEEF
        var rows = [UInt32](repeating: untouched, count: count + 16)
        var bounds = [Float](repeating: Float(bitPattern: untouched), count: count + 16)
        let selected = self.codes.withUnsafeBufferPointer { own -> Int in
            guard let codes = codes ?? own.baseAddress else { return 0 }
            let select = bits == 4 ? PQKernels.select4 : PQKernels.select8
            // What comes next is only asked for: an address that nobody may read does no harm.
            let next = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: 1 << 12), count: 1 << 16)
            return select(
                codes, stride, count, subVectors, bytes, terms, constant, step, threshold, &rows, &bounds, next)
        }
        let tails = (rows[count...], bounds[count...])
        guard selected <= count, tails.0.allSatisfy({ $0 == untouched }),
            tails.1.allSatisfy({ $0.bitPattern == untouched })
        else { return nil }
        return (0..<selected).map { Selected(row: rows[$0], bound: bounds[$0]) }
    }
}

extension GuardedFloats {
    /// Copies `bytes` so that they begin where the accessible memory begins.
    func firstBytes(_ bytes: [UInt8]) -> UnsafePointer<UInt8> {
        let words = Self.words(of: bytes, behind: 0)
        return UnsafePointer(UnsafeRawPointer(first(words)).assumingMemoryBound(to: UInt8.self))
    }

    /// Copies `bytes` so that they end where the accessible memory ends.
    func lastBytes(_ bytes: [UInt8]) -> UnsafePointer<UInt8> {
        let padding = (4 - bytes.count % 4) % 4
        let words = Self.words(of: bytes, behind: padding)
        return UnsafePointer((UnsafeRawPointer(last(words)) + padding).assumingMemoryBound(to: UInt8.self))
    }

    private static func words(of bytes: [UInt8], behind padding: Int) -> [Float] {
        let padded = [UInt8](repeating: 0, count: padding) + bytes
        return (0..<(padded.count + 3) / 4).map { word in
            Float(
                bitPattern: (0..<4).reduce(0) {
                    let place = word * 4 + $1
                    return $0 | UInt32(place < padded.count ? padded[place] : 0) << UInt32(8 * $1)
                })
        }
    }
}
