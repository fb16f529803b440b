// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// The encodings of values inside a chunk of a mini-block page.
///
/// The same encodings lie in memory in another way in levels and dictionaries: see `BlockValues`.
enum MiniBlockValues {
    /// The `count` values of a chunk.
    static func decode(
        _ encoding: ProtoCompressiveEncoding, _ type: DataType, _ buffers: [ByteView], count: Int
    ) throws -> Column {
        func single() throws -> ByteView {
            guard buffers.count == 1 else { throw Failure(.corrupt, "values in \(buffers.count) buffers, expected 1") }
            return buffers[0]
        }
        switch encoding.compression {
        case .flat(let flat): return try FlatValues.decode(flat, type, single(), count)
        case .inlineBitpacking(let packing): return try BitpackedValues.decode(packing, type, single(), count)
        case .variable(let variable): return try VariableValues.decode(variable, type, chunk: single(), count)
        case .fsst(let fsst): return try SymbolCodedValues.decode(fsst, type, chunk: single(), count)
        case .fixedSizeList(let list): return try FixedSizeListValues.decode(list, type, buffers, count)
        case .rle(let runs):
            guard buffers.count == 2 else { throw Failure(.corrupt, "runs in \(buffers.count) buffers, expected 2") }
            return try RunLengthValues.decode(runs, type, values: buffers[0], lengths: buffers[1], count)
        case .constant, .outOfLineBitpacking, .dictionary, .byteStreamSplit, .general, .packedStruct,
            .variablePackedStruct, nil:
            throw LayoutDecoder.unsupported("MiniBlock[\(EncodingSummary.text(encoding))]", type)
        }
    }
}
