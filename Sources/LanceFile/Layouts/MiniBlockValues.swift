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
}
