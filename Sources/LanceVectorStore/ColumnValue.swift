// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// A value of any column of a table.
///
/// | column | value |
/// |---|---|
/// | bool | `bool` |
/// | int8 … int64 | `int` |
/// | uint8 … uint64 | `uint` |
/// | float16, float32, float64 | `double`, exact |
/// | date32 | `int`: days since 1970-01-01 |
/// | date64 | `int`: milliseconds since 1970-01-01T00:00 |
/// | time, timestamp, duration | `int`: ticks of the column's unit; of a timestamp, since 1970-01-01T00:00 (UTC, if it has a zone) |
/// | utf8 | `string` |
/// | decimal | `string`: all its digits, such as "-12.50" |
/// | binary of any kind | `bytes` |
/// | list, fixed-size list, map | `list`; the items of a map are structs of key and value |
/// | struct | `structure`; of members with the same name the last |
public enum ColumnValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([ColumnValue])
    case structure([String: ColumnValue])
}

extension ColumnValue {
    init(_ value: Value, _ type: DataType) throws {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = .uint(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .bytes(let bytes):
            switch type {
            case .decimal128(_, let scale), .decimal256(_, let scale):
                self = .string(DecimalText.text(bytes, scale: scale))
            default: self = .bytes(bytes)
            }
        case .list(let items):
            var item = type.listItem
            if case .fixedSizeList(let type, _) = type { item = type }
            guard let item else { throw Failure(.corrupt, "a list in a column of \(type)") }
            self = .list(try items.map { try ColumnValue($0, item) })
        case .structure(let values):
            guard case .structure(let members) = type, members.count == values.count else {
                throw Failure(.corrupt, "a struct in a column of \(type)")
            }
            var structure: [String: ColumnValue] = [:]
            for (member, value) in zip(members, values) {
                structure[member.name] = try ColumnValue(value, member.type)
            }
            self = .structure(structure)
        }
    }
}

/// As JSON has it: numbers, texts, arrays and objects. Bytes become an object with the one member `$bytes`, a list of
/// numbers. What JSON does not tell apart is not told apart when it is read back: a whole number is an `int`, and a double
/// that is NaN or infinite, which JSON has no number for, is written as null.
extension ColumnValue: Codable {
    private enum BytesKey: String, CodingKey { case bytes = "$bytes" }

    /// Reads what ``encode(to:)`` wrote.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .int(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .uint(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([ColumnValue].self) {
            self = .list(value)
        } else if let keyed = try? decoder.container(keyedBy: BytesKey.self),
            let value = try? keyed.decode([UInt8].self, forKey: .bytes)
        {
            self = .bytes(value)
        } else {
            self = .structure(try container.decode([String: ColumnValue].self))
        }
    }

    /// Writes the value as JSON has it.
    public func encode(to encoder: any Encoder) throws {
        if case .bytes(let bytes) = self {
            var keyed = encoder.container(keyedBy: BytesKey.self)
            return try keyed.encode(bytes, forKey: .bytes)
        }
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .uint(let value): try container.encode(value)
        case .double(let value):
            if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
        case .string(let value): try container.encode(value)
        case .bytes: break
        case .list(let values): try container.encode(values)
        case .structure(let values): try container.encode(values)
        }
    }
}
