// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Puts a column together from values and from other columns of the same type.
package struct ColumnBuilder {
    package let type: DataType
    package private(set) var count = 0
    private var validity = BitmapBuilder()
    private var bits = BitmapBuilder()
    private var data = ByteWriter()
    private var offsets = [0]
    /// The items of a list, or of a fixed-size list.
    private var items: [Column] = []
    /// The columns so far of each member of a struct.
    private var members: [[Column]] = []

    package init(_ type: DataType) {
        self.type = type
        if case .structure(let types) = type { members = types.map { _ in [] } }
    }

    package mutating func appendNull() throws {
        try append(Column.nulls(type, count: 1))
    }

    package mutating func append(_ bit: Bool) {
        bits.append(bit)
        finishValue()
    }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { data.write(UnsafeRawBufferPointer($0)) }
        finishVariable()
    }

    /// The bytes of a `variable` value, or exactly those of a `fixed` one.
    package mutating func append(bytes: UnsafeRawBufferPointer) {
        data.write(bytes)
        if type.isVariableLength { finishVariable() } else { finishValue() }
    }

    package mutating func append<T: BitwiseCopyable>(fixed value: T) {
        withUnsafeBytes(of: value) { data.write($0) }
        finishValue()
    }

    /// All rows of a column of the same type.
    package mutating func append(_ column: Column) throws {
        guard column.type == type else {
            throw Failure(.invalidArgument, "a column of \(column.type) cannot follow one of \(type)")
        }
        if let more = column.validity {
            validity.append(more)
        } else {
            validity.append(repeating: true, count: column.count)
        }
        count += column.count
        switch column.storage {
        case .none: break
        case .bits(let more): bits.append(more)
        case .fixed(let view): data.write(view)
        case .variable(let more, let view):
            try appendOffsets(more)
            if let first = more.first, let last = more.last { data.write(try view.slice(first, last - first)) }
        case .fixedSizeList(let more, _): items.append(more)
        case .list(let more, let values):
            try appendOffsets(more)
            if let first = more.first, let last = more.last { items.append(try values.slice(first..<last)) }
        case .structure(let more): for (index, member) in more.enumerated() { members[index].append(member) }
        }
    }

    private mutating func appendOffsets(_ more: [Int]) throws {
        guard let first = more.first, let base = offsets.last else { return }
        for offset in more.dropFirst() { offsets.append(base + (offset - first)) }
    }

    private mutating func finishValue() {
        validity.append(true)
        count += 1
    }

    private mutating func finishVariable() {
        offsets.append(data.count)
        finishValue()
    }

    package func finish() throws -> Column {
        let bytes = { Region(copying: data.bytes, name: "column").view }
        let storage: Column.Storage
        switch type {
        case .null: storage = .none
        case .bool: storage = .bits(bits.finish())
        case .fixedSizeList(let item, let length):
            storage = .fixedSizeList(items: try Column.concatenate(items, type: item), length: length)
        case .list(let item), .largeList(let item), .map(let item):
            storage = .list(offsets: offsets, items: try Column.concatenate(items, type: item))
        case .structure(let types):
            storage = .structure(try zip(types, members).map { try Column.concatenate($1, type: $0.type) })
        case _ where type.isVariableLength: storage = .variable(offsets: offsets, data: bytes())
        default: storage = .fixed(bytes())
        }
        return try Column(type, count: count, validity: validity.zeros > 0 ? validity.finish() : nil, storage: storage)
    }
}
