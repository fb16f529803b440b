// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// Structs whose members, all of a fixed width, stand side by side: row after row.
struct PackedRecords {
    let type: DataType
    private let members: [(type: DataType, width: Int)]
    /// Bytes of a row.
    let width: Int

    init(_ type: DataType) throws {
        guard case .structure(let types) = type else { throw Failure(.corrupt, "packed rows cannot be \(type)") }
        var total = 0
        members = try types.map { member in
            guard let width = Self.width(member.type) else {
                throw Failure(.unsupported, "a packed struct with '\(member.name)', which is \(member.type)")
            }
            let (sum, overflow) = total.addingReportingOverflow(width)
            guard !overflow else { throw Failure(.corrupt, "packed rows of more than \(total) bytes") }
            total = sum
            return (member.type, width)
        }
        self.type = type
        width = total
    }

    /// Bytes of each member.
    var widths: [Int] { members.map(\.width) }

    /// Whole bytes of a value; nil for types that are not packed.
    static func width(_ type: DataType) -> Int? {
        if case .fixedSizeList(let item, let length) = type {
            guard let width = item.byteWidth else { return nil }
            let (size, overflow) = width.multipliedReportingOverflow(by: length)
            return overflow ? nil : size
        }
        return type.byteWidth
    }

    /// - Parameter rows: `count` x `width` bytes.
    func columns(of rows: ByteView, count: Int) throws -> Column {
        let (size, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow, size == rows.count else {
            throw rows.corrupt("\(count) packed rows of \(width) bytes in \(rows.count)")
        }
        var start = 0
        let columns = try members.map { member in
            let values = Region(count: count * member.width, name: rows.region.name) { target in
                rows.withUnsafeBytes { source in
                    for row in 0..<count {
                        let from = row * width + start
                        UnsafeMutableRawBufferPointer(rebasing: target[row * member.width..<(row + 1) * member.width])
                            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<from + member.width]))
                    }
                }
            }
            start += member.width
            return try Self.column(member.type, values.view, count)
        }
        return try Column(type, count: count, storage: .structure(columns))
    }

    private static func column(_ type: DataType, _ values: ByteView, _ count: Int) throws -> Column {
        guard case .fixedSizeList(let item, let length) = type else {
            return try Column(type, count: count, storage: .fixed(values))
        }
        let items = try Column(item, count: count * length, storage: .fixed(values))
        return try Column(type, count: count, storage: .fixedSizeList(items: items, length: length))
    }
}
