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

    /// One item a row, by numbers that are inside `items`; nil is null. A few bytes of a file can repeat a long item any
    /// number of times.
    static func expand(_ items: Column, _ wanted: [Int?]) throws -> Column {
        var validity = BitmapBuilder()
        for item in wanted { validity.append(item.map { !items.isNull($0) } ?? false) }
        let nulls = validity.zeros > 0 ? validity.finish() : nil
        if case .fixed(let values) = items.storage, let width = items.type.byteWidth {
            return try Column(
                items.type, count: wanted.count, validity: nulls, storage: .fixed(gather(values, width, wanted)))
        }
        guard case .variable(let offsets, let data) = items.storage else {
            _ = try LayoutDecoder.made(wanted.count, items.type.rowBytes)
            var builder = ColumnBuilder(items.type)
            for item in wanted {
                if let item { try builder.append(items.slice(item..<item + 1)) } else { try builder.appendNull() }
            }
            return try builder.finish()
        }
        var size = 0
        for case let item? in wanted {
            // At most one item more than the limit.
            size += offsets[item + 1] - offsets[item]
            guard size <= LayoutDecoder.mostMadeBytes else {
                throw Failure.tooMuch("\(wanted.count) values of a dictionary")
            }
        }
        var ends = [0]
        ends.reserveCapacity(wanted.count + 1)
        var bytes = ByteWriter(reserving: size)
        data.withUnsafeBytes { source in
            for item in wanted {
                // The column's initialiser has checked the offsets against the bytes.
                if let item { bytes.write(UnsafeRawBufferPointer(rebasing: source[offsets[item]..<offsets[item + 1]])) }
                ends.append(bytes.count)
            }
        }
        return try Column(
            items.type, count: wanted.count, validity: nulls,
            storage: .variable(offsets: ends, data: Region(copying: bytes.bytes, name: "dictionary").view))
    }

    private static func gather(_ values: ByteView, _ width: Int, _ wanted: [Int?]) throws -> ByteView {
        let size = try LayoutDecoder.made(wanted.count, width)
        return Region(count: size, name: values.region.name) { target in
            values.withUnsafeBytes { source in
                for (row, item) in wanted.enumerated() {
                    let place = UnsafeMutableRawBufferPointer(rebasing: target[row * width..<(row + 1) * width])
                    if let item {
                        place.copyMemory(
                            from: UnsafeRawBufferPointer(rebasing: source[item * width..<(item + 1) * width]))
                    } else {
                        place.initializeMemory(as: UInt8.self, repeating: 0)
                    }
                }
            }
        }.view
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
