// SPDX-License-Identifier: Apache-2.0

/// Writes Thrift's compact protocol, for files that the tests put together by hand.
indirect enum ThriftValue {
    case bool(Bool)
    case int8(Int8)
    case int32(Int32)
    case int64(Int64)
    case double(Double)
    case text(String)
    case list([ThriftValue])
    case map([(ThriftValue, ThriftValue)])
    case structure([Int: ThriftValue])
    /// A kind and bytes as they are.
    case raw(UInt8, [UInt8])

    var kind: UInt8 {
        switch self {
        case .bool(let value): value ? 1 : 2
        case .int8: 3
        case .int32: 5
        case .int64: 6
        case .double: 7
        case .text: 8
        case .list: 9
        case .map: 11
        case .structure: 12
        case .raw(let kind, _): kind
        }
    }

    /// The value without its field header.
    var bytes: [UInt8] {
        switch self {
        case .bool: []
        case .int8(let value): [UInt8(bitPattern: value)]
        case .int32(let value): Varint.zigzag(Int64(value))
        case .int64(let value): Varint.zigzag(value)
        case .double(let value): withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        case .text(let text): Varint.encode(UInt64(text.utf8.count)) + Array(text.utf8)
        case .list(let items):
            (items.count < 15
                ? [UInt8(items.count) << 4 | (items.first?.kind ?? 0)]
                : [0xf0 | (items.first?.kind ?? 0)] + Varint.encode(UInt64(items.count))) + items.flatMap(\.bytes)
        case .map(let pairs):
            pairs.isEmpty
                ? [0]
                : Varint.encode(UInt64(pairs.count)) + [pairs[0].0.kind << 4 | pairs[0].1.kind]
                    + pairs.flatMap { $0.0.bytes + $0.1.bytes }
        case .structure(let fields): Self.structure(fields)
        case .raw(_, let bytes): bytes
        }
    }

    private static func structure(_ fields: [Int: ThriftValue]) -> [UInt8] {
        var result: [UInt8] = []
        var last = 0
        for (id, value) in fields.sorted(by: { $0.key < $1.key }) {
            if id - last < 16 {
                result.append(UInt8(id - last) << 4 | value.kind)
            } else {
                result += [value.kind] + Varint.zigzag(Int64(id))
            }
            result += value.bytes
            last = id
        }
        return result + [0]
    }
}

enum Varint {
    static func encode(_ value: UInt64) -> [UInt8] {
        var (rest, result): (UInt64, [UInt8]) = (value, [])
        while rest >= 0x80 {
            result.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return result + [UInt8(rest)]
    }

    static func zigzag(_ value: Int64) -> [UInt8] { encode(UInt64(bitPattern: value << 1 ^ value >> 63)) }
}

func littleEndian<T: FixedWidthInteger>(_ values: T...) -> [UInt8] { littleEndian(values) }

func littleEndian<T: FixedWidthInteger>(_ values: [T]) -> [UInt8] {
    values.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
}
