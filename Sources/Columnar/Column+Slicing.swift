// SPDX-License-Identifier: Apache-2.0
import ByteCoding

extension Column {
    /// Rows `range`, sharing the bytes.
    package func slice(_ range: Range<Int>) throws -> Column {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw Failure(.invalidArgument, "rows \(range) of a column of \(count)")
        }
        if range == 0..<count { return self }
        let part: Storage
        switch storage {
        case .none: part = .none
        case .bits(let bits): part = .bits(bits.slice(range))
        case .fixed(let view):
            let width = type.byteWidth ?? 0
            part = .fixed(try view.slice(range.lowerBound * width, range.count * width))
        case .variable(let offsets, let data):
            part = .variable(offsets: Array(offsets[range.lowerBound...range.upperBound]), data: data)
        case .fixedSizeList(let items, let length):
            let items = try items.slice(range.lowerBound * length..<range.upperBound * length)
            part = .fixedSizeList(items: items, length: length)
        case .list(let offsets, let items):
            part = .list(offsets: Array(offsets[range.lowerBound...range.upperBound]), items: items)
        case .structure(let members): part = .structure(try members.map { try $0.slice(range) })
        }
        return try Column(type, count: range.count, validity: validity?.slice(range), storage: part)
    }

    /// The rows of `columns` one after another; all of type `type`.
    package static func concatenate(_ columns: [Column], type: DataType) throws -> Column {
        if columns.count == 1, let only = columns.first { return only }
        var builder = ColumnBuilder(type)
        for column in columns { try builder.append(column) }
        return try builder.finish()
    }
}
