// SPDX-License-Identifier: Apache-2.0
package import ByteCoding

/// The values of one column for a run of rows.
///
/// | storage | one value is | types |
/// |---|---|---|
/// | `none` | nothing | null |
/// | `bits` | one bit | bool |
/// | `fixed` | `type.byteWidth` little-endian bytes | numbers, dates, times, decimals, fixed-size binary |
/// | `variable` | bytes `offsets[i] ..< offsets[i + 1]` of `data` | utf8, binary |
/// | `fixedSizeList` | `length` items in a row | vectors |
/// | `list` | items `offsets[i] ..< offsets[i + 1]` | list, large list, map |
/// | `structure` | value i of each member | struct |
///
/// A null has a place in every storage; what stands there means nothing.
package struct Column: Sendable {
    package indirect enum Storage: Sendable {
        case none
        case bits(Bitmap)
        case fixed(ByteView)
        case variable(offsets: [Int], data: ByteView)
        case fixedSizeList(items: Column, length: Int)
        case list(offsets: [Int], items: Column)
        case structure([Column])
    }

    package let type: DataType
    package let count: Int
    /// 1 = valid; nil when no value is null.
    package let validity: Bitmap?
    package let storage: Storage

    /// Throws `corrupt` where the parts do not fit together, so that whoever reads the column later need not check.
    package init(_ type: DataType, count: Int, validity: Bitmap? = nil, storage: Storage) throws {
        func need(_ condition: Bool, _ message: @autoclosure () -> String) throws {
            guard condition else { throw Failure(.corrupt, "a \(type) column of \(count) rows: \(message())") }
        }
        try need(count >= 0, "negative count")
        try need(validity.map { $0.count == count } ?? true, "its validity has \(validity?.count ?? 0) bits")
        switch storage {
        case .none: try need(type == .null, "it has no storage")
        case .bits(let bits): try need(type == .bool && bits.count == count, "it has \(bits.count) bits")
        case .fixed(let view):
            let size = type.byteWidth.map { $0.multipliedReportingOverflow(by: count) }
            try need(size.map { !$0.overflow && $0.partialValue == view.count } ?? false, "it has \(view.count) bytes")
        case .variable(let offsets, let data):
            try need(type.isVariableLength, "it has offsets")
            try Self.check(offsets, count: count, limit: data.count, need)
        case .fixedSizeList(let items, let length):
            let size = length.multipliedReportingOverflow(by: count)
            try need(
                length >= 0 && !size.overflow && items.count == size.partialValue,
                "it has \(items.count) items of \(length) a row")
            try need(type == .fixedSizeList(items.type, length), "its items are \(items.type)")
        case .list(let offsets, let items):
            try need(type.listItem == items.type, "its items are \(items.type)")
            try Self.check(offsets, count: count, limit: items.count, need)
        case .structure(let members):
            guard case .structure(let expected) = type else {
                throw Failure(.corrupt, "a \(type) column of \(count) rows: it has members")
            }
            try need(expected.map(\.type) == members.map(\.type), "its members are \(members.map(\.type))")
            try need(members.allSatisfy { $0.count == count }, "its members have \(members.map(\.count)) rows")
        }
        self.type = type
        self.count = count
        // A validity without nulls says nothing; without it the fast paths apply.
        self.validity = validity.flatMap { $0.zeros == 0 ? nil : $0 }
        self.storage = storage
    }

    private static func check(
        _ offsets: [Int], count: Int, limit: Int, _ need: (Bool, @autoclosure () -> String) throws -> Void
    ) throws {
        try need(offsets.count == count + 1, "it has \(offsets.count) offsets")
        var last = 0
        for offset in offsets {
            try need(offset >= last && offset <= limit, "offset \(offset) follows \(last), and \(limit) is the end")
            last = offset
        }
    }

    package func isNull(_ row: Int) -> Bool { type == .null || validity.map { !$0[row] } ?? false }

    package var nullCount: Int { type == .null ? count : validity?.zeros ?? 0 }

    /// Bytes that nulls may take: a file needs none to hold billions of them, and reading them must not take all memory.
    private static let mostNullBytes = 256 << 20

    /// A column of `count` nulls.
    package static func nulls(_ type: DataType, count: Int) throws -> Column {
        let (bytes, overflow) = max(type.rowBytes, 1).multipliedReportingOverflow(by: count)
        guard !overflow, count >= 0, bytes <= mostNullBytes else {
            throw Failure.tooMuch("\(count) null values of type \(type)")
        }
        let validity = Bitmap(repeating: false, count: count)
        switch type {
        case .null: return try Column(type, count: count, storage: .none)
        case .bool: return try Column(type, count: count, validity: validity, storage: .bits(validity))
        case .utf8, .largeUtf8, .binary, .largeBinary:
            let offsets = [Int](repeating: 0, count: count + 1)
            return try Column(
                type, count: count, validity: validity, storage: .variable(offsets: offsets, data: .empty))
        case .fixedSizeList(let item, let length):
            let (size, overflow) = length.multipliedReportingOverflow(by: count)
            guard !overflow else { throw Failure(.corrupt, "\(count) rows of \(length) items are too many") }
            let items = try Column.nulls(item, count: size)
            return try Column(
                type, count: count, validity: validity, storage: .fixedSizeList(items: items, length: length))
        case .list(let item), .largeList(let item), .map(let item):
            let offsets = [Int](repeating: 0, count: count + 1)
            let items = try Column.nulls(item, count: 0)
            return try Column(type, count: count, validity: validity, storage: .list(offsets: offsets, items: items))
        case .structure(let members):
            let columns = try members.map { try Column.nulls($0.type, count: count) }
            return try Column(type, count: count, validity: validity, storage: .structure(columns))
        default:
            guard let width = type.byteWidth else {
                throw Failure(.unsupported, "a column of type \(type) cannot be made")
            }
            let zeros = Region(count: width * count, name: "nulls") {
                $0.initializeMemory(as: UInt8.self, repeating: 0)
            }
            return try Column(type, count: count, validity: validity, storage: .fixed(zeros.view))
        }
    }
}
