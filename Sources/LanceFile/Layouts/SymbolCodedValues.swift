// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Text whose frequent pieces, of up to 8 bytes, are each one byte (FSST). Every value is coded for itself.
enum SymbolCodedValues {
    static func decode(_ fsst: ProtoFsstValues, _ type: DataType, chunk view: ByteView, _ count: Int) throws -> Column {
        guard case .variable(let variable) = fsst.values.compression else {
            throw LayoutDecoder.unsupported("Fsst(\(EncodingSummary.text(fsst.values)))", type)
        }
        let coded = try VariableValues.decode(variable, type, chunk: view, count)
        let table = try SymbolTable(ByteView(copying: fsst.symbolTable, name: "symbol table"))
        guard table.isUsed, case .variable(let offsets, let data) = coded.storage else { return coded }
        return try Column(type, count: count, storage: table.decode(offsets, data))
    }
}

/// The pieces that the bytes of coded text stand for.
///
/// ```
/// u64 header: bits 0-7 number of symbols n | bits 24-31: 0 where text is stored as it is | bits 32-63 "FSST"
/// n x 8 bytes: symbols, each of which its first bytes count | n bytes: how many
/// ```
/// In the text, byte 255 says that the next byte stands for itself.
struct SymbolTable {
    private static let magic: UInt64 = 0x4653_5354
    private static let escape = 255

    /// Text is coded, and not stored as it is.
    let isUsed: Bool
    private var symbols = [UInt64](repeating: 0, count: 256)
    /// 0 for bytes that stand for nothing.
    private var lengths = [Int](repeating: 0, count: 256)

    init(_ view: ByteView) throws {
        let header = try view.load(UInt64.self, at: 0)
        guard header >> 32 == Self.magic else { throw view.corrupt("not a symbol table: it begins with \(header)") }
        isUsed = header >> 24 & 0xff != 0
        let count = Int(header & 0xff)
        for index in 0..<count {
            symbols[index] = try view.load(UInt64.self, at: 8 + index * 8)
            lengths[index] = Int(try view.load(UInt8.self, at: 8 + count * 8 + index))
            guard (1...8).contains(lengths[index]) else {
                throw view.corrupt("a symbol of \(lengths[index]) bytes", at: 8 + count * 8 + index)
            }
        }
    }

    /// Values `offsets[i] ..< offsets[i + 1]` of `data`; the offsets ascend and are inside.
    func decode(_ offsets: [Int], _ data: ByteView) throws -> Column.Storage {
        guard let first = offsets.first, let last = offsets.last else { return .variable(offsets: [0], data: .empty) }
        // A byte gives 8 at the most, and each symbol is written whole before its length is counted.
        let room = try LayoutDecoder.made(last - first + 1, 8)
        var ends = [0]
        ends.reserveCapacity(offsets.count)
        let target = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 8)
        defer { target.deallocate() }
        var position = 0
        try data.withUnsafeBytes { source in
            for (start, end) in zip(offsets, offsets.dropFirst()) {
                var index = start
                while index < end {
                    let code = Int(source[index])
                    index += 1
                    if code == Self.escape {
                        guard index < end else { throw data.corrupt("text that ends with an escape", at: end - 1) }
                        target.storeBytes(of: source[index], toByteOffset: position, as: UInt8.self)
                        index += 1
                        position += 1
                    } else {
                        guard lengths[code] > 0 else { throw data.corrupt("symbol \(code) is unknown", at: index - 1) }
                        target.storeBytes(of: symbols[code].littleEndian, toByteOffset: position, as: UInt64.self)
                        position += lengths[code]
                    }
                }
                ends.append(position)
            }
        }
        let text = UnsafeRawBufferPointer(start: target, count: position)
        return .variable(offsets: ends, data: Region(copying: text, name: data.region.name).view)
    }
}
