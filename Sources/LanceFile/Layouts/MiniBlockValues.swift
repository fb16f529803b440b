// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// The encodings of values inside a chunk of a mini-block page.
///
/// The same encodings lie in memory in another way in levels and dictionaries: see `BlockValues`.
enum MiniBlockValues {
    /// Far more than the chunks of any writer hold.
    private static let mostChunkBytes = 16 << 20

    /// The `count` values of a chunk.
    static func decode(
        _ encoding: ProtoCompressiveEncoding, _ type: DataType, _ buffers: [ByteView], count: Int, cache: PageCache
    ) throws -> Column {
        func single() throws -> ByteView {
            guard buffers.count == 1 else { throw Failure(.corrupt, "values in \(buffers.count) buffers, expected 1") }
            return buffers[0]
        }
        switch encoding.compression {
        case .flat(let flat): return try FlatValues.decode(flat, type, single(), count)
        case .inlineBitpacking(let packing): return try BitpackedValues.decode(packing, type, single(), count)
        case .variable(let variable): return try VariableValues.decode(variable, type, chunk: single(), count)
        case .fsst(let fsst): return try SymbolCodedValues.decode(fsst, type, chunk: single(), count, cache)
        case .fixedSizeList(let list): return try FixedSizeListValues.decode(list, type, buffers, count, cache)
        case .rle(let runs):
            guard buffers.count == 2 else { throw Failure(.corrupt, "runs in \(buffers.count) buffers, expected 2") }
            return try RunLengthValues.decode(runs, type, values: buffers[0], lengths: buffers[1], count)
        case .byteStreamSplit(let split): return try ByteStreamSplitValues.decode(split, type, single(), count)
        case .packedStruct(let packed): return try PackedStructValues.decode(packed, type, single(), count)
        case .general(let general):
            // The first buffer alone is compressed.
            guard let first = buffers.first else { throw Failure(.corrupt, "compressed values without a buffer") }
            let raw = try GeneralValues.inflate(general, first, limit: mostChunkBytes)
            return try decode(general.values, type, [raw] + buffers.dropFirst(), count: count, cache: cache)
        case .constant, .outOfLineBitpacking, .dictionary, .variablePackedStruct, nil:
            throw LayoutDecoder.unsupported("MiniBlock[\(EncodingSummary.text(encoding))]", type)
        }
    }

    /// Some of the values of a chunk, by their numbers in it.
    static func take(
        _ wanted: [Int], _ encoding: ProtoCompressiveEncoding, _ type: DataType, _ buffers: [ByteView], count: Int,
        cache: PageCache
    ) throws -> Column {
        // Of text, what is not wanted need not be decoded.
        if buffers.count == 1, type.isVariableLength {
            switch encoding.compression {
            case .variable(let variable):
                let spans = try VariableValues.spans(variable, type, chunk: buffers[0], count, wanted)
                return try Column(type, count: wanted.count, storage: FullZipValues.joined(buffers[0], spans))
            case .fsst(let fsst):
                guard case .variable(let variable) = fsst.values.compression else { break }
                let spans = try VariableValues.spans(variable, type, chunk: buffers[0], count, wanted)
                let table = try cache.symbols {
                    try SymbolTable(ByteView(copying: fsst.symbolTable, name: "symbol table"))
                }
                let storage =
                    try table.isUsed ? table.decode(spans, buffers[0]) : FullZipValues.joined(buffers[0], spans)
                return try Column(type, count: wanted.count, storage: storage)
            default: break
            }
        }
        return try decode(encoding, type, buffers, count: count, cache: cache).gather(wanted)
    }
}
