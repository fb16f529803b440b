// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// Turns a column of vectors as Parquet has them into `fixed_size_list<float32, dimension>`.
///
/// Taken are raw little-endian floats (BINARY, or fixed-length binary) and lists of float32.
enum VectorColumn {
    private static let floatSize = MemoryLayout<Float>.size

    static func check(_ field: Field) throws {
        switch field.type {
        case .binary, .largeBinary, .fixedSizeBinary, .list(.float32), .fixedSizeList(.float32, _): return
        default:
            throw Failure(
                .schemaMismatch,
                "column '\(field.name)' is \(field.type); vectors must be binary (raw little-endian float32) or a list of float32"
            )
        }
    }

    /// How many numbers the first vector that is not null has; nil where all are null.
    static func firstDimension(_ column: Column, firstRow: Int) throws -> Int? {
        guard let row = (0..<column.count).first(where: { !column.isNull($0) }) else { return nil }
        let length = self.length(column, row)
        if isRaw(column.type) {
            guard length % floatSize == 0, length > 0 else {
                throw Failure(
                    .invalidArgument,
                    "the vector of row \(firstRow + row) has \(length) bytes, which is not a whole number of float32")
            }
            return length / floatSize
        }
        guard length > 0 else { throw Failure(.invalidArgument, "the vector of row \(firstRow + row) is empty") }
        return length
    }

    private static func isRaw(_ type: DataType) -> Bool {
        switch type {
        case .binary, .largeBinary, .fixedSizeBinary: true
        default: false
        }
    }

    /// Bytes of a raw vector, items of a list.
    private static func length(_ column: Column, _ row: Int) -> Int {
        switch column.storage {
        case .variable(let offsets, _), .list(let offsets, _): offsets[row + 1] - offsets[row]
        case .fixedSizeList(_, let length): length
        default: column.type.byteWidth ?? 0
        }
    }

    /// The vectors of `dimension` numbers; nulls become zeros and are counted.
    ///
    /// A row of another length is `invalid_argument` with its number in the input, counted from 0.
    static func convert(_ column: Column, dimension: Int, firstRow: Int) throws -> (column: Column, nulls: Int) {
        let unit = isRaw(column.type) ? floatSize : 1
        for row in 0..<column.count where !column.isNull(row) {
            let length = length(column, row)
            guard length == dimension * unit else {
                throw Failure(
                    .invalidArgument,
                    unit == 1
                        ? "the vector of row \(firstRow + row) has \(length) numbers, expected \(dimension)"
                        : "the vector of row \(firstRow + row) has \(length) bytes, expected \(dimension * unit) "
                            + "(\(dimension) x float32)")
            }
        }
        try refuseNullNumbers(column, firstRow)
        let items = try column.nullCount == 0 ? inPlace(column, dimension) : withZeros(column, dimension)
        let vectors = try Column(
            .fixedSizeList(.float32, dimension), count: column.count,
            storage: .fixedSizeList(items: items, length: dimension))
        return (vectors, column.nullCount)
    }

    /// A vector with a number missing is a mistake of the input: nothing could find it.
    private static func refuseNullNumbers(_ column: Column, _ firstRow: Int) throws {
        for row in 0..<column.count where !column.isNull(row) {
            let numbers: Column
            switch column.storage {
            case .list(let offsets, let items) where items.validity != nil:
                numbers = try items.slice(offsets[row]..<offsets[row + 1])
            case .fixedSizeList(let items, let length) where items.validity != nil:
                numbers = try items.slice(row * length..<(row + 1) * length)
            default: return
            }
            guard numbers.nullCount == 0 else {
                throw Failure(.invalidArgument, "the vector of row \(firstRow + row) has a null among its numbers")
            }
        }
    }

    /// Vectors of float32 as those of another float type: doubles are exact, halves the nearest.
    static func rounded(_ column: Column, to item: DataType) throws -> Column {
        guard case .fixedSizeList(let items, let length) = column.storage, items.type == .float32,
            case .fixed(let view) = items.storage
        else { throw Failure(.schemaMismatch, "a column of \(column.type) holds no vectors of float32") }
        let floats = view.array(of: Float.self)
        let values: ByteView
        switch item {
        case .float32: return column
        case .float64: values = Self.bytes(of: floats.map(Double.init))
        case .float16:
            if let index = floats.firstIndex(where: { $0.isFinite && $0.magnitude >= HalfFloat.tooLarge }) {
                throw Failure(
                    .invalidArgument,
                    "number \(index % length) of the vector of row \(index / length) is \(floats[index]), too large for the "
                        + "table's float16")
            }
            values = Self.bytes(of: floats.map(HalfFloat.narrow))
        default: throw Failure(.schemaMismatch, "vectors of float32 cannot become \(item)")
        }
        let converted = try Column(item, count: items.count, validity: items.validity, storage: .fixed(values))
        return try Column(
            .fixedSizeList(item, length), count: column.count, validity: column.validity,
            storage: .fixedSizeList(items: converted, length: length))
    }

    private static func bytes<T: BitwiseCopyable>(of values: [T]) -> ByteView {
        values.withUnsafeBytes { Region(copying: $0, name: "vectors").view }
    }

    /// All rows have the length, so they stand one after another already.
    private static func inPlace(_ column: Column, _ dimension: Int) throws -> Column {
        let count = column.count * dimension
        switch column.storage {
        case .fixed(let view): return try Column(.float32, count: count, storage: .fixed(view))
        case .variable(let offsets, let data):
            let view = try data.slice(offsets[0], count * floatSize)
            return try Column(.float32, count: count, storage: .fixed(view))
        case .list(let offsets, let items): return try items.slice(offsets[0]..<offsets[0] + count)
        case .fixedSizeList(let items, _): return items
        default: throw Failure(.schemaMismatch, "a column of \(column.type) holds no vectors")
        }
    }

    private static func withZeros(_ column: Column, _ dimension: Int) throws -> Column {
        let zeros = try Column(
            .float32, count: dimension,
            storage: .fixed(ByteView(copying: [UInt8](repeating: 0, count: dimension * floatSize))))
        var builder = ColumnBuilder(.float32)
        for row in 0..<column.count {
            try builder.append(column.isNull(row) ? zeros : inPlace(column.slice(row..<row + 1), dimension))
        }
        return try builder.finish()
    }
}
