// SPDX-License-Identifier: Apache-2.0

package enum TimeUnit: String, Sendable, Hashable, CaseIterable {
    case second = "s"
    case millisecond = "ms"
    case microsecond = "us"
    case nanosecond = "ns"
}

/// The type of a column: Arrow's names and meanings.
package indirect enum DataType: Sendable, Hashable {
    case null
    case bool
    case int8, int16, int32, int64
    case uint8, uint16, uint32, uint64
    case float16, float32, float64
    case utf8, largeUtf8
    case binary, largeBinary
    case fixedSizeBinary(Int)
    /// Days since 1970-01-01.
    case date32
    /// Milliseconds since 1970-01-01T00:00.
    case date64
    case time32(TimeUnit)
    case time64(TimeUnit)
    /// Ticks since 1970-01-01T00:00, in UTC where there is a zone.
    case timestamp(TimeUnit, zone: String?)
    case duration(TimeUnit)
    case decimal128(precision: Int, scale: Int)
    case decimal256(precision: Int, scale: Int)
    case fixedSizeList(DataType, Int)
    /// Variable-length lists of one item type.
    case list(DataType)
    /// The same to Arrow's readers, who keep 64-bit offsets for it.
    case largeList(DataType)
    /// Several values by name.
    case structure([StructMember])
    /// Lists of key and value: a `structure` of these two.
    case map(entry: DataType)
    /// A type that this package does not read; the text is the file's own name for it.
    case other(String)
}

/// One value of a `structure`.
package struct StructMember: Sendable, Hashable {
    package var name: String
    package var type: DataType

    package init(_ name: String, _ type: DataType) {
        self.name = name
        self.type = type
    }
}

extension DataType {
    /// Bits a value takes in a flat buffer; nil for types of varying length.
    package var bitWidth: Int? {
        switch self {
        case .bool: 1
        case .int8, .uint8: 8
        case .int16, .uint16, .float16: 16
        case .int32, .uint32, .float32, .date32, .time32: 32
        case .int64, .uint64, .float64, .date64, .time64, .timestamp, .duration: 64
        case .decimal128: 128
        case .decimal256: 256
        case .fixedSizeBinary(let width): width.multipliedReportingOverflow(by: 8).overflow ? nil : width * 8
        case .null, .utf8, .largeUtf8, .binary, .largeBinary, .fixedSizeList, .list, .largeList, .structure, .map,
            .other:
            nil
        }
    }

    /// Whole bytes a value takes in a flat buffer; nil for bits and for types of varying length.
    package var byteWidth: Int? {
        guard let bitWidth, bitWidth % 8 == 0 else { return nil }
        return bitWidth / 8
    }

    /// About how many bytes a row takes: exact for types of a fixed width, an offset for others. At most `Int.max / 2`.
    package var rowBytes: Int {
        let most = Int.max / 2
        switch self {
        case .bool: return 1
        case .fixedSizeList(let item, let length):
            let (bytes, overflow) = item.rowBytes.multipliedReportingOverflow(by: max(length, 0))
            return overflow ? most : min(bytes, most)
        case .structure(let members): return members.reduce(0) { min($0 + $1.type.rowBytes, most) }
        default: return byteWidth ?? 8
        }
    }

    package var isText: Bool { self == .utf8 || self == .largeUtf8 }
    package var isVariableLength: Bool { isText || self == .binary || self == .largeBinary }

    /// What a list of any kind is made of: nil for types that are no list of varying length.
    package var listItem: DataType? {
        switch self {
        case .list(let item), .largeList(let item), .map(let item): item
        default: nil
        }
    }

    /// Made of other columns.
    package var isNested: Bool {
        if case .structure = self { return true }
        return listItem != nil
    }

    package var isInteger: Bool {
        switch self {
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
        default: false
        }
    }

    package var isFloat: Bool { self == .float16 || self == .float32 || self == .float64 }
}

extension DataType: CustomStringConvertible {
    package var description: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .int8: "int8"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .uint8: "uint8"
        case .uint16: "uint16"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .float16: "float16"
        case .float32: "float32"
        case .float64: "float64"
        case .utf8: "utf8"
        case .largeUtf8: "large_utf8"
        case .binary: "binary"
        case .largeBinary: "large_binary"
        case .fixedSizeBinary(let width): "fixed_size_binary(\(width))"
        case .date32: "date32"
        case .date64: "date64"
        case .time32(let unit): "time32(\(unit.rawValue))"
        case .time64(let unit): "time64(\(unit.rawValue))"
        case .timestamp(let unit, let zone): "timestamp(\(unit.rawValue)\(zone.map { ", " + $0 } ?? ""))"
        case .duration(let unit): "duration(\(unit.rawValue))"
        case .decimal128(let precision, let scale): "decimal128(\(precision), \(scale))"
        case .decimal256(let precision, let scale): "decimal256(\(precision), \(scale))"
        case .fixedSizeList(let item, let length): "fixed_size_list<\(item), \(length)>"
        case .list(let item): "list<\(item)>"
        case .largeList(let item): "large_list<\(item)>"
        case .structure(let members): "struct<\(members.map { "\($0.name): \($0.type)" }.joined(separator: ", "))>"
        case .map(let entry): "map<\(entry)>"
        case .other(let name): name
        }
    }
}
