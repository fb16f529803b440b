// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto
import SwiftProtobuf

/// Writes pages of file version 2.0.
///
/// | column | encoding |
/// |---|---|
/// | numbers, dates, times, decimals, bool | `NoNull(Flat)`, `SomeNull(Flat1, Flat)`, `AllNull` |
/// | vectors | the same three around `FSL(items)`, items again nullable |
/// | text, binary | `Binary(NoNull(Flat64), Flat8)`; nulls are in the offsets |
struct ArrayEncoder {
    private var buffers: [[ByteView]] = []

    /// One page of all rows of `columns`, which stand one after another and have one type.
    static func page(_ columns: [Column], type: DataType) throws -> EncodedPage {
        var encoder = ArrayEncoder()
        let encoding = try encoder.encode(columns, type)
        return EncodedPage(
            encoding: .array(encoding), buffers: encoder.buffers, rowCount: columns.reduce(0) { $0 + $1.count })
    }

    private mutating func encode(_ columns: [Column], _ type: DataType) throws -> ProtoArrayEncoding {
        if type.isVariableLength { return try encodeBinary(columns) }
        let rows = columns.reduce(0) { $0 + $1.count }
        let nulls = columns.reduce(0) { $0 + $1.nullCount }
        var nullable = ProtoNullableArray()
        if rows > 0, nulls == rows {
            nullable.allNulls = .init()
        } else if nulls == 0 {
            nullable.noNulls.values = try encodeValues(columns, type)
        } else {
            var bits = BitmapBuilder()
            for column in columns {
                if let validity = column.validity {
                    bits.append(validity)
                } else {
                    bits.append(repeating: true, count: column.count)
                }
            }
            nullable.someNulls.validity = flat(bits: 1, [Region(copying: bits.finish().packed, name: "validity").view])
            nullable.someNulls.values = try encodeValues(columns, type)
        }
        return ProtoArrayEncoding.with { $0.nullable = nullable }
    }

    /// The values without their nulls, whose places hold anything.
    private mutating func encodeValues(_ columns: [Column], _ type: DataType) throws -> ProtoArrayEncoding {
        switch type {
        case .bool:
            var bits = BitmapBuilder()
            for case .bits(let more) in columns.map(\.storage) { bits.append(more) }
            return flat(bits: 1, [Region(copying: bits.finish().packed, name: "bits").view])
        case .fixedSizeList(let item, let length):
            var items: [Column] = []
            for case .fixedSizeList(let more, _) in columns.map(\.storage) { items.append(more) }
            let encoded = try encode(items, item)
            return ProtoArrayEncoding.with {
                $0.fixedSizeList.dimension = UInt32(length)
                $0.fixedSizeList.items = encoded
            }
        default:
            guard let width = type.bitWidth else {
                throw Failure(.unsupported, "a column of \(type) cannot be stored")
            }
            var pieces: [ByteView] = []
            for case .fixed(let view) in columns.map(\.storage) { pieces.append(view) }
            return flat(bits: width, pieces)
        }
    }

    /// Entry i is the end of value i; a null repeats the end before it and adds `null_adjustment`, which must be more
    /// than any end.
    private mutating func encodeBinary(_ columns: [Column]) throws -> ProtoArrayEncoding {
        var total = 0
        var pieces: [ByteView] = []
        var rows = 0
        for case (let column, .variable(let offsets, let data)) in columns.map({ ($0, $0.storage) }) {
            rows += column.count
            // Bytes of null values are not stored, so a column with nulls is gathered value by value.
            if column.validity == nil, let first = offsets.first, let last = offsets.last {
                pieces.append(try data.slice(first, last - first))
                total += last - first
            } else {
                var kept = ByteWriter()
                for row in 0..<column.count where !column.isNull(row) {
                    kept.write(try data.slice(offsets[row], offsets[row + 1] - offsets[row]))
                }
                pieces.append(Region(copying: kept.bytes, name: "values").view)
                total += kept.count
            }
        }
        let adjustment = UInt64(total) + 1
        let ends = Region(count: rows * 8, name: "offsets") { target in
            var end = 0
            var index = 0
            for case (let column, .variable(let offsets, _)) in columns.map({ ($0, $0.storage) }) {
                for row in 0..<column.count {
                    var entry = UInt64(end)
                    if column.isNull(row) {
                        entry += adjustment
                    } else {
                        end += offsets[row + 1] - offsets[row]
                        entry = UInt64(end)
                    }
                    target.storeBytes(of: entry.littleEndian, toByteOffset: index * 8, as: UInt64.self)
                    index += 1
                }
            }
        }
        let indices = flat(bits: 64, [ends.view])
        let bytes = flat(bits: 8, pieces)
        return ProtoArrayEncoding.with {
            $0.binary.indices.nullable.noNulls.values = indices
            $0.binary.bytes = bytes
            $0.binary.nullAdjustment = adjustment
        }
    }

    private mutating func flat(bits: Int, _ pieces: [ByteView]) -> ProtoArrayEncoding {
        buffers.append(pieces)
        let index = UInt32(buffers.count - 1)
        return ProtoArrayEncoding.with {
            $0.flat.bitsPerValue = UInt64(bits)
            // The reference must be there even when it says nothing: buffer 0 of the page.
            $0.flat.buffer = .with { $0.bufferIndex = index }
        }
    }
}
