// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar

/// Random values of every type, and columns of them that are put together without `ColumnBuilder`.
package enum RandomColumns {
    package enum Nulls: CaseIterable, Sendable { case none, some, all }

    /// Types with a flat layout.
    package static let flatTypes: [DataType] =
        [
            .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16, .float32, .float64,
            .fixedSizeBinary(5), .date32, .date64, .duration(.nanosecond),
            .decimal128(precision: 20, scale: 3), .decimal256(precision: 50, scale: 2),
        ] + [TimeUnit.second, .millisecond].map { .time32($0) }
        + [TimeUnit.microsecond, .nanosecond].map { .time64($0) }
        + TimeUnit.allCases.map { .timestamp($0, zone: $0 == .second ? "UTC" : nil) }

    /// Types that a data file can hold.
    package static let writableTypes: [DataType] =
        flatTypes + [.null, .utf8, .largeUtf8, .binary, .largeBinary]
        + [
            .fixedSizeList(.float32, 6), .fixedSizeList(.float16, 3), .fixedSizeList(.int8, 9),
            .fixedSizeList(.bool, 5), .fixedSizeList(.float64, 1),
            .fixedSizeList(.decimal128(precision: 9, scale: 2), 2),
        ]

    /// Types that a column can have: those and nested ones.
    package static let columnTypes: [DataType] =
        writableTypes + [
            .list(.int32), .list(.utf8), .list(.bool), .list(.list(.int16)), .list(.fixedSizeList(.float32, 2)),
            .fixedSizeList(.utf8, 2), .fixedSizeList(.list(.uint8), 3), .fixedSizeList(.fixedSizeList(.int16, 2), 2),
            .largeList(.int64), .structure([StructMember("a", .int32), StructMember("b", .utf8)]),
            .list(.structure([StructMember("a", .list(.float64)), StructMember("b", .bool)])),
            .map(entry: .structure([StructMember("key", .utf8), StructMember("value", .int32)])),
        ]

    package static func values(
        _ type: DataType, count: Int, nulls: Nulls, _ random: inout SplitMix64
    ) -> [Value] {
        (0..<count).map { _ in
            switch nulls {
            case .none: value(type, &random)
            case .all: .null
            case .some: random.chance(0.3) ? .null : value(type, &random)
            }
        }
    }

    /// A value that is not null (but for the type that has none); items of lists may be.
    package static func value(_ type: DataType, _ random: inout SplitMix64) -> Value {
        switch type {
        case .null, .other: return .null
        case .bool: return .bool(random.chance(0.5))
        case .int8: return .int(Int64(integer(Int8.self, &random)))
        case .int16: return .int(Int64(integer(Int16.self, &random)))
        case .int32, .date32, .time32: return .int(Int64(integer(Int32.self, &random)))
        case .int64, .date64, .time64, .timestamp, .duration: return .int(integer(Int64.self, &random))
        case .uint8: return .uint(UInt64(integer(UInt8.self, &random)))
        case .uint16: return .uint(UInt64(integer(UInt16.self, &random)))
        case .uint32: return .uint(UInt64(integer(UInt32.self, &random)))
        case .uint64: return .uint(integer(UInt64.self, &random))
        case .float16: return .double([0, -0.0, 1, -1.5, 65504, .infinity, 0x1p-24, 0x1p-14][random.below(8)])
        case .float32:
            return .double(
                random.chance(0.2) ? special(&random) : Double(Float.random(in: -1e30...1e30, using: &random)))
        case .float64:
            return .double(random.chance(0.2) ? special(&random) : Double.random(in: -1e300...1e300, using: &random))
        case .utf8, .largeUtf8: return .string(text(&random))
        case .binary, .largeBinary: return .bytes(random.bytes(random.below(12)))
        case .fixedSizeBinary, .decimal128, .decimal256: return .bytes(random.bytes(type.byteWidth ?? 0))
        case .fixedSizeList(let item, let length):
            return .list(values(item, count: length, nulls: random.chance(0.8) ? .none : .some, &random))
        case .list(let item), .largeList(let item), .map(let item):
            return .list(values(item, count: random.below(5), nulls: random.chance(0.5) ? .none : .some, &random))
        case .structure(let members):
            return .structure(members.flatMap { values($0.type, count: 1, nulls: .some, &random) })
        }
    }

    private static func integer<T: FixedWidthInteger>(_ type: T.Type, _ random: inout SplitMix64) -> T {
        random.chance(0.2) ? [T.min, T.max, 0, 1][random.below(4)] : T.random(in: T.min...T.max, using: &random)
    }

    private static func special(_ random: inout SplitMix64) -> Double {
        [0, -0.0, .infinity, -.infinity, .nan, Double(Float.leastNonzeroMagnitude)][random.below(6)]
    }

    private static func text(_ random: inout SplitMix64) -> String {
        let alphabet = ["", "a", "Z", " ", "ß", "家", "\u{0}", "👩‍🔬", "long enough to leave the small string form behind"]
        return (0..<random.below(6)).map { _ in alphabet[random.below(alphabet.count)] }.joined()
    }

    // MARK: Columns

    package static func column(
        _ type: DataType, count: Int, nulls: Nulls, _ random: inout SplitMix64
    ) throws -> Column {
        try column(type, values(type, count: count, nulls: nulls, &random), &random)
    }

    /// A column of `values`; what stands in the places of nulls is random.
    package static func column(_ type: DataType, _ values: [Value], _ random: inout SplitMix64) throws -> Column {
        let validity = values.contains(.null) ? Bitmap(values.map { $0 != .null }) : nil
        let filled = values.map { $0 == .null ? value(type, &random) : $0 }
        let storage: Column.Storage
        switch type {
        case .null: storage = .none
        case .bool: storage = .bits(Bitmap(filled.map { $0 == .bool(true) }))
        case .utf8, .largeUtf8, .binary, .largeBinary:
            var offsets = [0]
            var bytes: [UInt8] = []
            for value in filled {
                bytes += encoded(value, type)
                offsets.append(bytes.count)
            }
            storage = .variable(offsets: offsets, data: ByteView(copying: bytes))
        case .fixedSizeList(let item, let length):
            storage = .fixedSizeList(items: try column(item, filled.flatMap(items), &random), length: length)
        case .list(let item), .largeList(let item), .map(let item):
            var offsets = [0]
            for value in filled { offsets.append((offsets.last ?? 0) + items(value).count) }
            storage = .list(offsets: offsets, items: try column(item, filled.flatMap(items), &random))
        case .structure(let members):
            storage = .structure(
                try members.enumerated().map { index, member in
                    try column(member.type, filled.map { self.members($0)[index] }, &random)
                })
        default: storage = .fixed(ByteView(copying: filled.flatMap { encoded($0, type) }))
        }
        return try Column(type, count: values.count, validity: validity, storage: storage)
    }

    private static func items(_ value: Value) -> [Value] {
        if case .list(let items) = value { items } else { [] }
    }

    private static func members(_ value: Value) -> [Value] {
        if case .structure(let members) = value { members } else { [] }
    }

    private static func encoded(_ value: Value, _ type: DataType) -> [UInt8] {
        switch value {
        case .string(let text): return Array(text.utf8)
        case .bytes(let bytes): return bytes
        case .int(let number): return littleEndian(UInt64(bitPattern: number), type.byteWidth ?? 8)
        case .uint(let number): return littleEndian(number, type.byteWidth ?? 8)
        case .double(let number):
            switch type {
            case .float16: return littleEndian(UInt64(halves[number.bitPattern] ?? 0), 2)
            case .float32: return littleEndian(UInt64(Float(number).bitPattern), 4)
            default: return littleEndian(number.bitPattern, 8)
            }
        case .null, .bool, .list, .structure: return []
        }
    }

    private static func littleEndian(_ number: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) }
    }

    /// The halves that `value` makes, by the bit pattern of the double.
    private static let halves: [UInt64: UInt16] = [
        (0.0).bitPattern: 0, (-0.0).bitPattern: 0x8000, (1.0).bitPattern: 0x3c00, (-1.5).bitPattern: 0xbe00,
        (65504.0).bitPattern: 0x7bff, Double.infinity.bitPattern: 0x7c00, (0x1p-24).bitPattern: 1,
        (0x1p-14).bitPattern: 0x0400,
    ]
}

extension Column {
    /// All values, each by `value(_:)`.
    package func values() throws -> [Value] { try (0..<count).map { try value($0) } }
}

extension Value {
    /// Equal, bit by bit where they are floats.
    package func isSame(as other: Value) -> Bool {
        switch (self, other) {
        case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
        case (.list(let a), .list(let b)), (.structure(let a), .structure(let b)): [Value].same(a, b)
        default: self == other
        }
    }
}

extension [Value] {
    package static func same(_ a: [Value], _ b: [Value]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
    }
}
