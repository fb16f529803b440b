// SPDX-License-Identifier: Apache-2.0
import Columnar

/// What a column's values or a group mean: the format's `LogicalType`, or the older `ConvertedType` where a file has
/// only that.
enum Annotation: Sendable, Equatable {
    case string, `enum`, json, bson, uuid, float16
    case map, list
    case date
    case time(TimeUnit)
    case timestamp(TimeUnit, isUTC: Bool)
    case integer(bits: Int, isSigned: Bool)
    case decimal(precision: Int, scale: Int)
    /// A column of nulls only.
    case unknown
    /// One that we do not read; its name.
    case other(String)
}

extension Annotation {
    /// Reads the union `LogicalType`; nil where it is empty.
    init?(logical thrift: inout ThriftReader) throws {
        var result: Annotation?
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            guard field.kind == .structure else {
                try thrift.skip(field)
                continue
            }
            switch field.id {
            case 5: result = try Self.decimal(&thrift)
            case 7, 8: result = try Self.time(&thrift, isTimestamp: field.id == 8)
            case 10: result = try Self.integer(&thrift)
            default:
                result = Self.plain[field.id] ?? .other("logical type \(field.id)")
                try thrift.skip(field)
            }
        }
        guard let result else { return nil }
        self = result
    }

    /// Those members of the union that have nothing more to say.
    private static let plain: [Int: Annotation] = [
        1: .string, 2: .map, 3: .list, 4: .enum, 6: .date, 11: .unknown, 12: .json, 13: .bson, 14: .uuid, 15: .float16,
        16: .other("VARIANT"), 17: .other("GEOMETRY"), 18: .other("GEOGRAPHY"),
    ]

    private static func decimal(_ thrift: inout ThriftReader) throws -> Annotation {
        var (scale, precision) = (0, 0)
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1: scale = Int(try thrift.int32(field))
            case 2: precision = Int(try thrift.int32(field))
            default: try thrift.skip(field)
            }
        }
        return .decimal(precision: precision, scale: scale)
    }

    private static func time(_ thrift: inout ThriftReader, isTimestamp: Bool) throws -> Annotation {
        var isUTC = false
        var unit: TimeUnit?
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1: isUTC = try thrift.bool(field)
            case 2:
                try thrift.structure(field)
                var lastUnit = 0
                while let member = try thrift.nextField(after: &lastUnit) {
                    switch member.id {
                    case 1: unit = .millisecond
                    case 2: unit = .microsecond
                    case 3: unit = .nanosecond
                    default: unit = nil
                    }
                    try thrift.skip(member)
                }
            default: try thrift.skip(field)
            }
        }
        let name = isTimestamp ? "TIMESTAMP" : "TIME"
        guard let unit else { return .other("\(name) of an unknown unit") }
        return isTimestamp ? .timestamp(unit, isUTC: isUTC) : .time(unit)
    }

    private static func integer(_ thrift: inout ThriftReader) throws -> Annotation {
        var bits = 0
        var isSigned = true
        var last = 0
        while let field = try thrift.nextField(after: &last) {
            switch field.id {
            case 1: bits = Int(try thrift.int8(field))
            case 2: isSigned = try thrift.bool(field)
            default: try thrift.skip(field)
            }
        }
        return .integer(bits: bits, isSigned: isSigned)
    }

    /// By the numbers of `ConvertedType`. Its times are in UTC.
    init(converted: Int32, precision: Int, scale: Int) {
        switch converted {
        case 0: self = .string
        case 1, 2: self = .map
        case 3: self = .list
        case 4: self = .enum
        case 5: self = .decimal(precision: precision, scale: scale)
        case 6: self = .date
        case 7: self = .time(.millisecond)
        case 8: self = .time(.microsecond)
        case 9: self = .timestamp(.millisecond, isUTC: true)
        case 10: self = .timestamp(.microsecond, isUTC: true)
        case 11...14: self = .integer(bits: 8 << Int(converted - 11), isSigned: false)
        case 15...18: self = .integer(bits: 8 << Int(converted - 15), isSigned: true)
        case 19: self = .json
        case 20: self = .bson
        case 21: self = .other("INTERVAL")
        default: self = .other("converted type \(converted)")
        }
    }
}

extension Annotation: CustomStringConvertible {
    var description: String {
        switch self {
        case .string: "STRING"
        case .enum: "ENUM"
        case .json: "JSON"
        case .bson: "BSON"
        case .uuid: "UUID"
        case .float16: "FLOAT16"
        case .map: "MAP"
        case .list: "LIST"
        case .date: "DATE"
        case .time(let unit): "TIME(\(unit.rawValue))"
        case .timestamp(let unit, let isUTC): "TIMESTAMP(\(unit.rawValue)\(isUTC ? ", UTC" : ""))"
        case .integer(let bits, let isSigned): "INT(\(bits), \(isSigned ? "signed" : "unsigned"))"
        case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale))"
        case .unknown: "UNKNOWN"
        case .other(let name): name
        }
    }
}
