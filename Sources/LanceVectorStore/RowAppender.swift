// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto
import LanceTable
import ObjectStorage

/// Writes rows into new fragments of a table and commits them as one version; makes the table where there is none.
final class RowAppender {
    private let table: Table
    private let base: Snapshot?
    private let fields: [ProtoField]
    private let schema: Schema
    /// For each written column the place of its values in the given batches; nil is a column of nulls.
    private let sources: [Int?]
    private let writer: FragmentWriter
    private let version: FileVersion

    /// - Parameters:
    ///   - base: the version to append to; nil where there is no table.
    ///   - given: the columns that the rows will have.
    ///   - newTableVersion: the file version of a table that is made.
    init(_ table: Table, base: Snapshot?, given: Schema, newTableVersion: FileVersion, durability: WriteDurability)
        throws
    {
        // All files of a table have one version.
        version = try base?.fileVersion() ?? newTableVersion
        self.table = table
        self.base = base
        var fields: [ProtoField] = []
        var sources: [Int?] = []
        if let base {
            for field in given.fields { _ = try base.field(field.name) }
            for field in base.schema.fields {
                guard let proto = base.manifest.proto.fields.first(where: { $0.id == field.id }) else { continue }
                let index = given.index(of: field.name)
                if let index {
                    try Self.check(given.fields[index], field, base)
                } else if !field.field.nullable {
                    throw Failure(
                        .schemaMismatch,
                        "the table's column '\(field.name)' (\(field.type)) allows no nulls and was not given",
                        path: base.location)
                } else if !field.isWritable {
                    // A column that no file of a fragment has reads as null.
                    continue
                }
                fields.append(proto)
                sources.append(index)
            }
        } else {
            fields = try TableSchema.protos(for: given)
            sources = Array(given.fields.indices)
        }
        self.fields = fields
        self.sources = sources
        schema = try TableSchema(fields).schema
        writer = try FragmentWriter(table.storage, fields: fields, version: version, durability: durability)
    }

    private static func check(_ given: Field, _ field: TableField, _ base: Snapshot) throws {
        guard field.isWritable else {
            throw Failure(
                .unsupported,
                "column '\(field.name)' (\(field.logicalType)) cannot be written; leave it out, and it becomes null",
                path: base.location)
        }
        if given.type == field.type { return }
        // Texts with 32-bit and with 64-bit offsets are the same on disk.
        if given.type.isText, field.type.isText { return }
        if given.type.isVariableLength, field.type.isVariableLength, !given.type.isText, !field.type.isText { return }
        if case .fixedSizeList(.float32, let got) = given.type, case .fixedSizeList(let item, let want) = field.type,
            item.isFloat
        {
            if got == want { return }
            throw Failure(
                .invalidArgument, "the vectors have \(got) dimensions, the table's have \(want)", path: base.location)
        }
        throw Failure(
            .schemaMismatch, "column '\(given.name)' is \(given.type), the table's is \(field.type)",
            path: base.location)
    }

    var rowCount: Int { writer.rowCount }

    func append(_ batch: Batch) async throws {
        let columns = try zip(schema.fields, sources).map { field, source in
            guard let source else { return try Column.nulls(field.type, count: batch.count) }
            let column = batch.columns[source]
            if column.type == field.type { return column }
            if case .fixedSizeList(let item, _) = field.type { return try VectorColumn.rounded(column, to: item) }
            return try Column(field.type, count: column.count, validity: column.validity, storage: column.storage)
        }
        try await writer.append(Batch(schema, columns, count: batch.count))
    }

    /// Commits what was appended. Returns the bytes that were added.
    func commit() async throws -> Int {
        let fragments = try await finish()
        do {
            let commit = try await commit(fragments)
            return fragments.dataBytes + commit.bytesWritten
        } catch {
            // After an unknown outcome the files may be named by a version.
            if (error as? Failure)?.code != .commitUnknown { await writer.discard() }
            throw error
        }
    }

    /// Completes the files. Returns the fragments, for a commit of the caller's.
    func finish() async throws -> [ProtoDataFragment] { try await writer.finish() }

    private func commit(_ fragments: [ProtoDataFragment]) async throws -> Commit {
        if let base { return try await table.commit(.append(fragments), basedOn: base) }
        do {
            return try await create(fragments)
        } catch let failure as Failure where failure.code == .conflict {
            // Somebody else made the table meanwhile. If it has the very same columns, these rows belong to it.
            let newest = try await table.latest()
            guard try fits(newest) else { throw failure }
            return try await table.commit(.append(fragments), basedOn: newest)
        }
    }

    /// Makes the table of the fragments.
    func create(_ fragments: [ProtoDataFragment]) async throws -> Commit {
        try await table.commit(.overwrite(fields: fields, fragments: fragments, version: version), basedOn: nil)
    }

    /// Whether the fragments can be part of a version: it has the columns and the file version that they were written for.
    func fits(_ snapshot: Snapshot) throws -> Bool {
        let columns = base?.manifest.proto.fields ?? fields
        return try snapshot.manifest.proto.fields.areSameColumns(as: columns) && snapshot.fileVersion() == version
    }

    /// Removes what was written.
    func discard() async { await writer.discard() }
}

extension [ProtoDataFragment] {
    /// Bytes of all their data files.
    var dataBytes: Int { reduce(0) { $0 + $1.files.reduce(0) { $0 + Int(clamping: $1.fileSizeBytes) } } }
}
