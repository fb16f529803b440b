// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import ObjectStorage
import ParquetReader

/// The rows of a Parquet file in the shape of a table: a batch at a time.
struct ParquetRows {
    let schema: Schema
    let dimension: Int
    let rowCount: Int
    private(set) var nullVectors = 0
    private(set) var rowsRead = 0
    private var batches: ParquetBatches
    private let vectorIndex: Int

    /// - Parameters:
    ///   - dimension: numbers a vector; nil takes it from the first vector that is not null.
    ///   - absent: columns that need not be there.
    ///   - chunkIndexType: the type that the column of chunk numbers must have.
    init(
        _ source: any ByteSource, _ names: Options.Columns, dimension: Int?, chunkIndexType: DataType = .int32,
        leavingOut absent: Set<String> = []
    ) throws {
        let file = try ParquetFile(source)
        // The columns are judged first: which of them are wrong matters more than how long the vectors are.
        _ = try VectordFormat.schema(
            migrating: file.schema, names, dimension: 1, chunkIndexType: chunkIndexType, leavingOut: absent)
        self.dimension = try dimension ?? Self.findDimension(file, names.vector)
        try VectordFormat.check(dimension: self.dimension)
        schema = try VectordFormat.schema(
            migrating: file.schema, names, dimension: self.dimension, chunkIndexType: chunkIndexType,
            leavingOut: absent)
        rowCount = file.rowCount
        vectorIndex = schema.index(of: names.vector) ?? 0
        batches = try file.batches()
    }

    private static func findDimension(_ file: ParquetFile, _ name: String) throws -> Int {
        // Small batches: mostly the first row tells.
        var vectors = try file.batches(columns: [name], maxBytes: 256 << 10)
        var rows = 0
        while let batch = try vectors.next() {
            if let found = try VectorColumn.firstDimension(batch.columns[0], firstRow: rows) { return found }
            rows += batch.count
        }
        throw Failure(
            .invalidArgument,
            rows == 0
                ? "the file has no rows, so the length of its vectors is unknown; give the dimensions"
                : "all \(rows) vectors are null, so their length is unknown; give the dimensions")
    }

    mutating func next() throws -> Batch? {
        guard let batch = try batches.next() else { return nil }
        var columns = batch.columns
        let (vectors, nulls) = try VectorColumn.convert(columns[vectorIndex], dimension: dimension, firstRow: rowsRead)
        columns[vectorIndex] = vectors
        nullVectors += nulls
        for (field, column) in zip(schema.fields, columns) where !field.nullable && column.nullCount > 0 {
            let row = (0..<column.count).first { column.isNull($0) } ?? 0
            throw Failure(
                .invalidArgument, "column '\(field.name)' is null in row \(rowsRead + row); every row needs one")
        }
        rowsRead += batch.count
        return try Batch(schema, columns, count: batch.count)
    }
}
