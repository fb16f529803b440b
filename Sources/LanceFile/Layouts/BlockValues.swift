// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// The encodings of levels and of dictionaries: all in one buffer.
enum BlockValues {
    static func decode(_ encoding: ProtoCompressiveEncoding, _ type: DataType, _ view: ByteView, count: Int) throws
        -> Column
    {
        guard count > 0 else { return try Column.nulls(type, count: 0) }
        // Some encodings need no bytes for any number of values.
        _ = try LayoutDecoder.made(count, 1)
        switch encoding.compression {
        case .flat(let flat): return try FlatValues.decode(flat, type, view, count)
        case .inlineBitpacking(let packing): return try BitpackedValues.decode(packing, type, view, count)
        case .outOfLineBitpacking(let packing): return try BitpackedValues.decode(packing, type, view, count)
        case .variable(let variable): return try VariableValues.decode(variable, type, block: view, count)
        case .rle(let runs): return try RunLengthValues.decode(runs, type, block: view, count)
        case .general(let general):
            return try decode(general.values, type, inflate(general, type, view, count), count: count)
        case .constant, .fsst, .dictionary, .byteStreamSplit, .fixedSizeList, .packedStruct, .variablePackedStruct,
            nil:
            throw LayoutDecoder.unsupported(EncodingSummary.text(encoding), type)
        }
    }

    private static func inflate(_ general: ProtoGeneralCompression, _ type: DataType, _ view: ByteView, _ count: Int)
        throws -> ByteView
    {
        var limit = LayoutDecoder.mostMadeBytes
        if case .flat = general.values.compression, let width = type.byteWidth {
            limit = try LayoutDecoder.made(count, width)
        }
        return try GeneralValues.inflate(general, view, limit: limit)
    }
}
