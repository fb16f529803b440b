// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension ArrayDecoder {
    /// Few distinct values: an index a row into the items.
    ///
    /// Two flavours that only the column's logical type tells apart. In a text column the writer made the dictionary:
    /// indices are bytes, 0 is null and k is item k - 1. In an Arrow dictionary column indices count from 0, and nulls
    /// are those of the indices, or of the items.
    func decodeDictionary(_ dictionary: ProtoDictionaryArray, _ type: DataType, _ rows: Range<Int>, of total: Int)
        throws
        -> Column
    {
        try values(dictionary, type, decodeIndices(dictionary, rows, of: total))
    }

    /// Values by their numbers, which ascend.
    func takeDictionary(_ dictionary: ProtoDictionaryArray, _ type: DataType, _ rows: [Int], of total: Int) throws
        -> Column?
    {
        guard let last = rows.last else { return nil }
        return try values(dictionary, type, decodeIndices(dictionary, 0..<last + 1, of: total).gather(rows))
    }

    private func values(_ dictionary: ProtoDictionaryArray, _ type: DataType, _ indices: Column) throws -> Column {
        let size = Int(dictionary.numDictionaryItems)
        let base = isDictionary ? 0 : 1
        var wanted: [Int?] = []
        wanted.reserveCapacity(indices.count)
        for row in 0..<indices.count {
            guard !indices.isNull(row), let index = try Self.integer(indices, row), index >= base else {
                wanted.append(nil)
                continue
            }
            guard index - base < size else {
                throw Failure(.corrupt, "dictionary index \(index) of \(size) items")
            }
            wanted.append(index - base)
        }
        // A single row needs one item, not the dictionary.
        if wanted.count == 1 {
            guard let item = wanted[0] else { return try Column.nulls(type, count: 1) }
            return try decode(dictionary.items, type, item..<item + 1, of: size)
        }
        return try Self.expand(try decode(dictionary.items, type, 0..<size, of: size), wanted)
    }

    private func decodeIndices(_ dictionary: ProtoDictionaryArray, _ rows: Range<Int>, of total: Int) throws -> Column {
        let type: DataType
        switch Self.flatBits(dictionary.indices) {
        case 8: type = .uint8
        case 16: type = .uint16
        case 32: type = .uint32
        case 64: type = .uint64
        default: return try decodeAllNullIndices(dictionary, rows)
        }
        return try decode(dictionary.indices, type, rows, of: total)
    }

    private func decodeAllNullIndices(_ dictionary: ProtoDictionaryArray, _ rows: Range<Int>) throws -> Column {
        if case .nullable(let nullable) = dictionary.indices.array, case .allNulls = nullable.nullability {
            return try Column.nulls(.uint8, count: rows.count)
        }
        throw Failure(
            .unsupported, "dictionary indices of \(EncodingSummary.text(dictionary.indices)) are not supported")
    }

    private static func flatBits(_ encoding: ProtoArrayEncoding) -> UInt64? {
        switch encoding.array {
        case .flat(let flat): flat.bitsPerValue
        case .nullable(let nullable):
            switch nullable.nullability {
            case .noNulls(let values): flatBits(values.values)
            case .someNulls(let both): flatBits(both.values)
            default: nil
            }
        default: nil
        }
    }

    private static func integer(_ column: Column, _ row: Int) throws -> Int? {
        guard case .uint(let value) = try column.value(row) else { return nil }
        guard let index = Int(exactly: value) else { throw Failure(.corrupt, "dictionary index \(value)") }
        return index
    }
}
