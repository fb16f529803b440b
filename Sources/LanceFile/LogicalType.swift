// SPDX-License-Identifier: Apache-2.0
package import Columnar

/// The text by which a Lance schema names a type: `int32`, `timestamp:us:UTC`, `fixed_size_list:float:384`.
package enum LogicalType {
    private static let plain: [(String, DataType)] = [
        ("null", .null), ("bool", .bool), ("int8", .int8), ("int16", .int16), ("int32", .int32), ("int64", .int64),
        ("uint8", .uint8), ("uint16", .uint16), ("uint32", .uint32), ("uint64", .uint64),
        ("halffloat", .float16), ("float", .float32), ("double", .float64),
        ("string", .utf8), ("large_string", .largeUtf8), ("binary", .binary), ("large_binary", .largeBinary),
        ("date32:day", .date32), ("date64:ms", .date64),
    ]

    /// Items of one value; a vector of more would be gigabytes a row.
    private static let longestList = 1 << 24
    /// Bytes of one value, whatever it is made of.
    private static let largestList = 1 << 31

    /// The type that a name stands for; `.other` for those that this package does not read.
    ///
    /// A dictionary type becomes the type of its values: that is what reading it gives.
    ///
    /// - Parameter children: the fields below, of which structs and lists are made.
    package static func type(named name: String, children: [Field] = []) -> DataType {
        if let known = plain.first(where: { $0.0 == name }) { return known.1 }
        if let nested = nested(name, children) { return nested }
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], parts.count) {
        case ("timestamp", 3...):
            // A zone may itself hold colons: "+01:00".
            let zone = parts[2...].joined(separator: ":")
            if let unit = TimeUnit(rawValue: parts[1]) { return .timestamp(unit, zone: zone == "-" ? nil : zone) }
        case ("time32", 2): if let unit = TimeUnit(rawValue: parts[1]) { return .time32(unit) }
        case ("time64", 2): if let unit = TimeUnit(rawValue: parts[1]) { return .time64(unit) }
        case ("time", 2):
            if let unit = TimeUnit(rawValue: parts[1]) {
                return unit == .second || unit == .millisecond ? .time32(unit) : .time64(unit)
            }
        case ("duration", 2): if let unit = TimeUnit(rawValue: parts[1]) { return .duration(unit) }
        case ("decimal", 4):
            if let precision = Int(parts[2]), let scale = Int(parts[3]) {
                if parts[1] == "128" { return .decimal128(precision: precision, scale: scale) }
                if parts[1] == "256" { return .decimal256(precision: precision, scale: scale) }
            }
        case ("fixed_size_binary", 2):
            if let width = Int(parts[1]), (0...longestList).contains(width) { return .fixedSizeBinary(width) }
        case ("fixed_size_list", 3...):
            // A matrix is a list of lists; a long chain of them would end on the stack's last page.
            guard parts.filter({ $0 == "fixed_size_list" }).count <= 4 else { break }
            let item = type(named: parts[1..<parts.count - 1].joined(separator: ":"))
            if let length = Int(parts[parts.count - 1]), (1...longestList).contains(length), item.isItem,
                DataType.fixedSizeList(item, length).rowBytes <= largestList
            {
                return .fixedSizeList(item, length)
            }
        case ("dict", 3...):
            let value = type(named: parts[1])
            if value.isVariableLength || value.byteWidth != nil { return value }
        default: break
        }
        return .other(name)
    }

    /// Nil where the name is not one of a nested type, or the children are not such a type's, or not read themselves.
    private static func nested(_ name: String, _ children: [Field]) -> DataType? {
        for child in children { if case .other = child.type { return nil } }
        switch name {
        case "struct":
            return .structure(children.map { StructMember($0.name, $0.type) })
        case "list", "list.struct": return children.count == 1 ? .list(children[0].type) : nil
        case "large_list", "large_list.struct": return children.count == 1 ? .largeList(children[0].type) : nil
        case "map":
            guard children.count == 1, case .structure(let members) = children[0].type, members.count == 2 else {
                return nil
            }
            return .map(entry: children[0].type)
        default: return nil
        }
    }

    /// The name of a type; nil for those that this package does not write.
    package static func name(of type: DataType) -> String? {
        if let known = plain.first(where: { $0.1 == type }) { return known.0 }
        switch type {
        case .timestamp(let unit, let zone): return "timestamp:\(unit.rawValue):\(zone ?? "-")"
        case .time32(let unit): return "time32:\(unit.rawValue)"
        case .time64(let unit): return "time64:\(unit.rawValue)"
        case .duration(let unit): return "duration:\(unit.rawValue)"
        case .decimal128(let precision, let scale): return "decimal:128:\(precision):\(scale)"
        case .decimal256(let precision, let scale): return "decimal:256:\(precision):\(scale)"
        case .fixedSizeBinary(let width):
            return (0...longestList).contains(width) ? "fixed_size_binary:\(width)" : nil
        case .fixedSizeList(let item, let length):
            guard item.bitWidth != nil, (1...longestList).contains(length) else { return nil }
            return Self.name(of: item).map { "fixed_size_list:\($0):\(length)" }
        default: return nil
        }
    }

    /// Arrow's dictionary type; pages of it have 0-based indices, those of plain text columns 1-based ones.
    static func isDictionary(_ name: String) -> Bool { name.hasPrefix("dict:") }
}

extension DataType {
    /// Can be an item of a fixed-size list.
    fileprivate var isItem: Bool {
        if case .fixedSizeList = self { return true }
        return bitWidth != nil
    }
}
