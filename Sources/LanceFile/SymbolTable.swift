// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// The pieces that the bytes of coded text stand for.
///
/// ```
/// u64 header: bits 0-7 number of symbols n | bits 24-31: 0 where text is stored as it is | bits 32-63 "FSST"
/// n x 8 bytes: symbols, each of which its first bytes count | n bytes: how many
/// ```
/// In the text, byte 255 says that the next byte stands for itself.
struct SymbolTable: Sendable {
    private static let magic: UInt64 = 0x4653_5354
    private static let escape = 255

    /// Text is coded, and not stored as it is.
    let isUsed: Bool
    private var symbols = [UInt64](repeating: 0, count: 256)
    /// 0 for bytes that stand for nothing.
    private var lengths = [UInt8](repeating: 0, count: 256)

    init(_ view: ByteView) throws {
        let header = try view.load(UInt64.self, at: 0)
        guard header >> 32 == Self.magic else { throw view.corrupt("not a symbol table: it begins with \(header)") }
        isUsed = header >> 24 & 0xff != 0
        let count = Int(header & 0xff)
        for index in 0..<count {
            symbols[index] = try view.load(UInt64.self, at: 8 + index * 8)
            lengths[index] = try view.load(UInt8.self, at: 8 + count * 8 + index)
            guard (1...8).contains(lengths[index]) else {
                throw view.corrupt("a symbol of \(lengths[index]) bytes", at: 8 + count * 8 + index)
            }
        }
    }

    /// Values `offsets[i] ..< offsets[i + 1]` of `data`; the offsets ascend and are inside.
    func decode(_ offsets: [Int], _ data: ByteView) throws -> Column.Storage {
        try decode(zip(offsets, offsets.dropFirst()).map { $0..<$1 }, data)
    }

    /// The values that stand at `spans` of `data`, which are inside.
    func decode(_ spans: [Range<Int>], _ data: ByteView) throws -> Column.Storage {
        let room = try room(spans, data)
        var ends: [Int] = [0]
        ends.reserveCapacity(spans.count + 1)
        let region = try Region(count: room, name: data.region.name) { target in
            guard let base = target.baseAddress else { return }
            try symbols.withUnsafeBufferPointer { symbols in
                try lengths.withUnsafeBufferPointer { lengths in
                    try data.withUnsafeBytes { source in
                        var position = 0
                        for span in spans {
                            position = try decode(source, span, symbols, lengths, to: base, at: position, data)
                            ends.append(position)
                        }
                    }
                }
            }
        }
        return .variable(offsets: ends, data: try region.view.slice(0, ends.last ?? 0))
    }

    /// Bytes that the values at `spans` may take, and 8 more: each symbol is written whole before its length is counted.
    private func room(_ spans: [Range<Int>], _ data: ByteView) throws -> Int {
        var coded = 0
        for span in spans {
            let (sum, overflow) = coded.addingReportingOverflow(span.count)
            guard !overflow, sum < LayoutDecoder.mostMadeBytes else {
                throw Failure.tooMuch("\(spans.count) texts of \(sum) coded bytes")
            }
            coded = sum
        }
        // A byte gives 8 at the most. What is not written to takes no memory, but there is a limit to asking for it.
        if (coded + 1) * 8 <= LayoutDecoder.mostMadeBytes { return (coded + 1) * 8 }
        var size = 8
        data.withUnsafeBytes { source in
            // A byte that an escape stands before may be counted as a symbol; that is too much, never too little.
            for span in spans { for byte in source[span] { size += max(Int(lengths[Int(byte)]), 1) } }
        }
        return try LayoutDecoder.made(size, 1)
    }

    /// One value.
    ///
    /// - Parameter target: room for 8 bytes a byte of `value`, and 8 more.
    /// - Returns: how many bytes the value has.
    func decode(_ value: ByteView, into target: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let base = target.baseAddress, target.count / 8 > value.count else { return 0 }
        return try symbols.withUnsafeBufferPointer { symbols in
            try lengths.withUnsafeBufferPointer { lengths in
                try value.withUnsafeBytes { source in
                    try decode(source, 0..<source.count, symbols, lengths, to: base, at: 0, value)
                }
            }
        }
    }

    /// Returns where the next value is to be written.
    @inline(__always)
    private func decode(
        _ source: UnsafeRawBufferPointer, _ span: Range<Int>, _ symbols: UnsafeBufferPointer<UInt64>,
        _ lengths: UnsafeBufferPointer<UInt8>, to target: UnsafeMutableRawPointer, at start: Int, _ data: ByteView
    ) throws -> Int {
        var position = start
        var index = span.lowerBound
        while index < span.upperBound {
            let code = Int(source[index])
            index += 1
            let length = lengths[code]
            if length > 0 {
                target.storeBytes(of: symbols[code].littleEndian, toByteOffset: position, as: UInt64.self)
                position += Int(length)
                continue
            }
            guard code == Self.escape else { throw data.corrupt("symbol \(code) is unknown", at: index - 1) }
            guard index < span.upperBound else { throw data.corrupt("text that ends with an escape", at: index - 1) }
            target.storeBytes(of: source[index], toByteOffset: position, as: UInt8.self)
            index += 1
            position += 1
        }
        return position
    }
}
