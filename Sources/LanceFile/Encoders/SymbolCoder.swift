// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Replaces frequent pieces of text by bytes (FSST): every value for itself, and always the longest piece that fits.
///
/// Byte 255 says that the next one stands for itself.
struct SymbolCoder {
    /// What the table takes in a page's message, however many symbols it has.
    static let tableBytes = 8 + 256 * 8 + 256
    static let mostSymbols = 255
    private static let escape: UInt8 = 255

    let symbols: [Symbol]
    let index: SymbolIndex

    init(_ symbols: [Symbol]) {
        self.symbols = symbols
        index = SymbolIndex(symbols)
    }

    /// ```
    /// u64 header: bits 0-7 number of symbols n | 8-15 terminator | 16-23 suffix limit | 24-31: 1, in use | 32-63 "FSST"
    /// n x 8 bytes: symbols | n bytes: their lengths | zeros
    /// ```
    /// Terminator and suffix limit serve writers that look symbols up in another way; readers need neither.
    var table: [UInt8] {
        var writer = ByteWriter(reserving: Self.tableBytes)
        writer.write(UInt64(0x4653_5354) << 32 | 1 << 24 | UInt64(symbols.count))
        for symbol in symbols { writer.write(symbol.word) }
        for symbol in symbols { writer.write(UInt8(symbol.length)) }
        writer.write(repeating: 0, count: Self.tableBytes - writer.count)
        return writer.bytes
    }

    func encode(_ values: TextValues) -> TextValues {
        // A byte without a symbol takes two; and one is written ahead.
        let target = UnsafeMutableRawPointer.allocate(byteCount: values.data.count * 2 + 1, alignment: 8)
        var ends = [0]
        ends.reserveCapacity(values.offsets.count)
        var position = 0
        values.data.withUnsafeBytes { source in
            index.withFinder { finder in
                for row in 0..<values.count {
                    let value = UnsafeRawBufferPointer(rebasing: source[values.offsets[row]..<values.offsets[row + 1]])
                    finder.forEachSymbol(value) { code, word in
                        // The byte itself goes behind, where the next code overwrites it if it is not needed.
                        let isEscape = code >> 8
                        let byte = isEscape == 0 ? UInt8(truncatingIfNeeded: code) : Self.escape
                        target.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
                        target.storeBytes(
                            of: UInt8(truncatingIfNeeded: word), toByteOffset: position + 1, as: UInt8.self)
                        position += 1 + isEscape
                    }
                    ends.append(position)
                }
            }
        }
        // Memory that was not written to is not taken from the system.
        let text = Region(
            adopting: UnsafeRawBufferPointer(start: target, count: position), name: "text", isMapped: false
        ) { pointer, _ in pointer.deallocate() }
        return TextValues(offsets: ends, data: text.view)
    }
}
