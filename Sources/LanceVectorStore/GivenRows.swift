// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// Rows as a caller of `append` gives them, and the columns they make.
struct GivenRows {
    enum Sources {
        case one(String)
        case each([String])
    }

    enum Vectors {
        case nested([[Float]])
        case flat([Float])
    }

    let sources: Sources
    let docIDs: [String]
    let chunkIndices: [Int]
    let chunkTexts: [String]
    let vectors: Vectors
    /// Numbers a vector.
    let dimension: Int

    /// Rows of one source.
    init(source: String, docIDs: [String], chunkIndices: [Int], chunkTexts: [String], vectors: [[Float]]) throws {
        let dimension = vectors.first?.count ?? 0
        if let row = vectors.firstIndex(where: { $0.count != dimension }) {
            throw Failure(
                .invalidArgument,
                "the vector of row \(row) has \(vectors[row].count) dimensions, those before it have \(dimension)")
        }
        sources = .one(source)
        self.docIDs = docIDs
        self.chunkIndices = chunkIndices
        self.chunkTexts = chunkTexts
        self.vectors = .nested(vectors)
        self.dimension = dimension
    }

    /// Rows of a source each, with the vectors one after another.
    init(
        sources: [String], docIDs: [String], chunkIndices: [Int], chunkTexts: [String], vectors: [Float], dims: Int
    ) throws {
        try VectordFormat.check(dimension: dims)
        guard vectors.count == docIDs.count.multipliedReportingOverflow(by: dims).partialValue else {
            throw Failure(
                .invalidArgument,
                "\(docIDs.count) rows of \(dims) dimensions need \(docIDs.count) x \(dims) numbers, got \(vectors.count)"
            )
        }
        self.sources = .each(sources)
        self.docIDs = docIDs
        self.chunkIndices = chunkIndices
        self.chunkTexts = chunkTexts
        self.vectors = .flat(vectors)
        dimension = dims
    }

    var count: Int { docIDs.count }

    /// Throws `invalid_argument` with all the lengths where they differ.
    func checkLengths() throws {
        var lengths = [
            ("docIDs", docIDs.count), ("chunkIndices", chunkIndices.count), ("chunkTexts", chunkTexts.count),
        ]
        if case .each(let sources) = sources { lengths.append(("sources", sources.count)) }
        if case .nested(let vectors) = vectors { lengths.append(("vectors", vectors.count)) }
        guard lengths.allSatisfy({ $0.1 == count }) else {
            let listed = lengths.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
            throw Failure(.invalidArgument, "the arrays must have one entry a row, but their lengths differ: \(listed)")
        }
    }

    /// The columns of `schema`, each by its name.
    func batch(_ schema: Schema, _ names: Options.Columns) throws -> Batch {
        let columns = try schema.fields.map { field in
            switch field.name {
            case names.source:
                switch sources {
                case .one(let source): return try Self.text(repeatElement(source, count: count))
                case .each(let sources): return try Self.text(sources)
                }
            case names.id: return try Self.text(docIDs)
            case names.chunkIndex: return try Self.integers(chunkIndices, field.type)
            case names.text: return try Self.text(chunkTexts)
            default: return try vectorColumn(field.type)
            }
        }
        return try Batch(schema, columns, count: count)
    }

    private static func text(_ values: some Collection<String>) throws -> Column {
        var builder = ColumnBuilder(.utf8)
        for value in values { builder.append(value) }
        return try builder.finish()
    }

    private static func integers(_ values: [Int], _ type: DataType) throws -> Column {
        switch type {
        case .int8: try integers(values, type, Int8.self)
        case .int16: try integers(values, type, Int16.self)
        case .int64: try integers(values, type, Int64.self)
        case .uint8: try integers(values, type, UInt8.self)
        case .uint16: try integers(values, type, UInt16.self)
        case .uint32: try integers(values, type, UInt32.self)
        case .uint64: try integers(values, type, UInt64.self)
        default: try integers(values, .int32, Int32.self)
        }
    }

    private static func integers<T: FixedWidthInteger & BitwiseCopyable>(
        _ values: [Int], _ type: DataType, _: T.Type
    ) throws -> Column {
        var writer = ByteWriter(reserving: values.count * MemoryLayout<T>.size)
        for (row, value) in values.enumerated() {
            guard let small = T(exactly: value) else {
                throw Failure(.invalidArgument, "the chunk index \(value) of row \(row) does not fit into \(type)")
            }
            writer.write(small)
        }
        return try Column(type, count: values.count, storage: .fixed(ByteView(copying: writer.bytes)))
    }

    private func vectorColumn(_ type: DataType) throws -> Column {
        guard case .fixedSizeList(_, let dimension) = type else {
            throw Failure(.schemaMismatch, "no vectors in \(type)")
        }
        let numbers = count * dimension
        let region = Region(count: numbers * 4, name: "vectors") { target in
            switch vectors {
            case .flat(let values): values.withUnsafeBytes { target.copyMemory(from: $0) }
            case .nested(let rows):
                var offset = 0
                for row in rows {
                    row.withUnsafeBytes { bytes in
                        UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: bytes)
                        offset += bytes.count
                    }
                }
            }
        }
        let items = try Column(.float32, count: numbers, storage: .fixed(region.view))
        return try Column(type, count: count, storage: .fixedSizeList(items: items, length: dimension))
    }
}
