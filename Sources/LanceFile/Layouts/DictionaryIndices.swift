// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// The values of a mini-block page that has a dictionary.
enum DictionaryIndices {
    /// Unsigned integers, whose width only their encoding tells.
    static func type(of encoding: ProtoCompressiveEncoding, for type: DataType) throws -> DataType {
        switch try bits(encoding, type) {
        case 8: return .uint8
        case 16: return .uint16
        case 32: return .uint32
        case 64: return .uint64
        case let bits: throw Failure(.corrupt, "dictionary indices of \(bits) bits")
        }
    }

    private static func bits(_ encoding: ProtoCompressiveEncoding, _ type: DataType) throws -> UInt64 {
        switch encoding.compression {
        case .flat(let flat): return flat.bitsPerValue
        case .inlineBitpacking(let packing): return packing.uncompressedBitsPerValue
        case .rle(let runs): return try bits(runs.values, type)
        case .byteStreamSplit(let split): return try bits(split.values, type)
        case .general(let general): return try bits(general.values, type)
        default: throw LayoutDecoder.unsupported("\(EncodingSummary.text(encoding)) of dictionary indices", type)
        }
    }

    /// One index a row, each inside the dictionary; nil is null. What stands in a null's place means nothing.
    ///
    /// - Parameter definition: one level an index; nil where none is null.
    static func indices(_ column: Column, of size: Int, definition: [UInt16]?) throws -> [Int?] {
        try (0..<column.count).map { row in
            if let definition, row < definition.count, definition[row] != 0 { return nil }
            guard case .uint(let value) = try column.value(row) else { return nil }
            guard let index = Int(exactly: value), index < size else {
                throw Failure(.corrupt, "dictionary index \(value) of \(size) items")
            }
            return index
        }
    }
}
