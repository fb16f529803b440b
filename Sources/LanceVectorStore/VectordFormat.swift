// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// The columns that every table of this package has, and those that may stand beside them.
enum VectordFormat {
    /// The columns of a table with vectors of `dimension` numbers, as the official tools make it.
    static func schema(_ names: Options.Columns, dimension: Int) -> Schema {
        Schema([
            Field(names.source, .utf8), Field(names.id, .utf8, nullable: false), Field(names.chunkIndex, .int32),
            Field(names.text, .utf8), Field(names.vector, .fixedSizeList(.float32, dimension), nullable: false),
        ])
    }

    /// The most numbers that a vector may have: a page of one row must stay a small thing.
    static let longestVector = 1 << 20

    static func check(dimension: Int) throws {
        guard (1...longestVector).contains(dimension) else {
            throw Failure(.invalidArgument, "vectors must have 1 to \(longestVector) dimensions, got \(dimension)")
        }
    }

    /// The schema of the table that rows of `input` make: the five columns checked, the others kept.
    ///
    /// Throws `schema_mismatch` for a missing column or one of another type, `unsupported` for an extra column of a type
    /// that is not kept; both name column and type.
    ///
    /// - Parameter absent: columns that the input need not have.
    static func schema(
        migrating input: Schema, _ names: Options.Columns, dimension: Int, chunkIndexType: DataType = .int32,
        leavingOut absent: Set<String> = []
    ) throws -> Schema {
        var own = schema(names, dimension: dimension)
        if let index = own.index(of: names.chunkIndex) { own.fields[index].type = chunkIndexType }
        own.fields.removeAll { absent.contains($0.name) && input[$0.name] == nil }
        let missing = own.fields.map(\.name).filter { input[$0] == nil }
        guard missing.isEmpty else {
            throw Failure(
                .schemaMismatch,
                "the input has no column \(missing.map { "'\($0)'" }.joined(separator: ", ")); it has \(input.summary)")
        }
        guard Set(input.fields.map(\.name)).count == input.fields.count else {
            throw Failure(.schemaMismatch, "two columns of the input have the same name: \(input.summary)")
        }
        for field in input.fields { try checkName(field.name) }
        return Schema(
            try input.fields.map { field in
                guard let expected = own[field.name] else { return try kept(field) }
                if field.name == names.vector {
                    try VectorColumn.check(field)
                } else if field.type != expected.type {
                    throw Failure(
                        .schemaMismatch, "column '\(field.name)' is \(field.type), expected \(expected.type)")
                }
                return expected
            })
    }

    /// Names that every Lance table has without storing them, and that a search adds.
    private static let reserved: Set<String> = [
        "_rowid", "_rowaddr", "_rowoffset", "_row_created_at_version", "_row_last_updated_at_version", "_distance",
        "_score",
    ]

    /// Throws for names with which the official Lance cannot read a table.
    static func checkName(_ name: String) throws {
        guard !name.isEmpty, !name.contains("."), !reserved.contains(name) else {
            throw Failure(
                .schemaMismatch,
                "a column cannot be named '\(name)' in a Lance table (empty, with a dot, or reserved); rename it in the input"
            )
        }
    }

    /// A column beyond the five.
    private static func kept(_ field: Field) throws -> Field {
        switch field.type {
        case .bool, .date32, .date64, .timestamp, .utf8, .largeUtf8, .binary, .largeBinary: return field
        case _ where field.type.isInteger || field.type.isFloat: return field
        default:
            throw Failure(
                .unsupported,
                "column '\(field.name)' is \(field.type), which is not kept; leave it out, or store it as bool, integer, "
                    + "float, utf8, binary, date or timestamp")
        }
    }
}
