// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
package import LanceFile
import LanceProto
import ObjectStorage

/// Reads the rows of one fragment, by their offset in it.
package struct FragmentReader: Sendable {
    package let snapshot: Snapshot
    package let fragment: Fragment

    package init(snapshot: Snapshot, fragment: Fragment) {
        self.snapshot = snapshot
        self.fragment = fragment
    }

    package var id: UInt32 { fragment.id }

    /// Rows, deleted ones included. A manifest may leave the number out; then a data file tells.
    package func physicalRows() async throws -> Int {
        if fragment.physicalRows > 0 { return fragment.physicalRows }
        guard let file = fragment.proto.files.first else { return 0 }
        return try await open(file).rowCount
    }

    package func liveRows() async throws -> Int {
        let rows = try await physicalRows()
        guard fragment.hasDeletions else { return rows }
        if let deleted = Int(exactly: fragment.proto.deletionFile.numDeletedRows), deleted > 0 {
            guard deleted <= rows else {
                throw Failure(
                    .corrupt, "\(deleted) of \(rows) rows of fragment \(id) are deleted", path: snapshot.location)
            }
            return rows - deleted
        }
        return rows - (try await deletions()?.count ?? 0)
    }

    /// The deleted rows; nil where there are none.
    package func deletions() async throws -> DeletionVector? {
        guard fragment.hasDeletions else { return nil }
        let rows = try await physicalRows()
        let file = fragment.proto.deletionFile
        let (storage, path) = try place(file.hasBaseID ? file.baseID : nil, "_deletions", fragment.deletionFilePath)
        return try await snapshot.files.deletions(fragment.deletionFilePath) {
            let region = try await storage.open(ObjectKey(path))
            let vector = try DeletionVector(parsing: region.view, kind: file.fileType, rows: rows)
            if file.numDeletedRows > 0, UInt64(vector.count) != file.numDeletedRows {
                throw region.view.corrupt("\(vector.count) deleted rows; the manifest says \(file.numDeletedRows)")
            }
            return vector
        }
    }

    /// The column of `field`; nil where no file of the fragment has it, and it reads as null.
    package func column(_ field: TableField) async throws -> ColumnReader? {
        let ids = Set([field.id] + field.childIDs)
        for file in fragment.proto.files {
            // -2 in `fields` marks a column that is no longer used, and matches no field.
            guard file.fields.contains(where: { ids.contains($0) }) else { continue }
            // Legacy files have no column numbers; what they are must be said before what they lack.
            _ = try FileVersion(
                major: file.fileMajorVersion, minor: file.fileMinorVersion,
                path: "\(snapshot.location)/data/\(file.path)")
            var numbers: [Int32: Int] = [:]
            for (position, id) in file.fields.enumerated() where ids.contains(id) {
                guard position < file.columnIndices.count else {
                    throw Failure(
                        .corrupt, "no column number for '\(field.name)' in data file '\(file.path)'",
                        path: snapshot.location)
                }
                // Structs and lists have a column of their own in files of version 2.0 only.
                if file.columnIndices[position] >= 0 { numbers[id] = Int(file.columnIndices[position]) }
            }
            let opened = try await open(file)
            let known = numbers
            return try await fetching { try opened.column(field, numbers: known) }
        }
        return nil
    }

    /// The columns of some fields, in their order.
    func columns(_ fields: [TableField]) async throws -> [ColumnReader?] {
        var columns: [ColumnReader?] = []
        for field in fields { columns.append(try await column(field)) }
        return columns
    }

    /// Opens what reading `fields` of the live rows needs: the deletion file and the data files at once.
    func open(_ fields: [TableField]) async throws {
        async let deleted = deletions()
        _ = try await columns(fields)
        _ = try await deleted
    }

    /// Rows `range` of some columns, deleted ones included.
    func read(_ fields: [TableField], _ range: Range<Int>) async throws -> [Column] {
        let columns = try await columns(fields)
        return try await fetching {
            try zip(fields, columns).mapFetching { field, column in
                try column?.readInPlace(range) ?? Column.nulls(field.type, count: range.count)
            }
        }
    }

    /// Rows `range` of one column, deleted ones included.
    package func read(_ field: TableField, _ range: Range<Int>) async throws -> Column {
        guard let column = try await column(field) else { return try Column.nulls(field.type, count: range.count) }
        return try await column.read(range)
    }

    private func open(_ file: ProtoDataFile) async throws -> DataFileReader {
        let (storage, path) = try place(file.hasBaseID ? file.baseID : nil, "data", "data/" + file.path)
        let reader = try await snapshot.files.dataFile(path, size: file.fileSizeBytes, in: storage)
        if file.fileSizeBytes != 0, file.fileSizeBytes != UInt64(reader.byteCount) {
            throw Failure(
                .corrupt, "a data file of \(reader.byteCount) bytes; the manifest says \(file.fileSizeBytes)",
                path: "\(snapshot.location)/data/\(file.path)")
        }
        if fragment.physicalRows > 0, reader.rowCount != fragment.physicalRows {
            throw Failure(
                .corrupt, "a data file of \(reader.rowCount) rows; the manifest says \(fragment.physicalRows)",
                path: "\(snapshot.location)/data/\(file.path)")
        }
        return reader
    }

    /// The storage of a file and its place there.
    ///
    /// - Parameters:
    ///   - base: the number of the base path; nil for the table's own directory.
    ///   - path: below a table's directory; it begins with `directory`.
    private func place(_ base: UInt32?, _ directory: String, _ path: String) throws -> (any ObjectStorage, String) {
        guard let base else { return (snapshot.storage, path) }
        let (storage, isRoot) = try BasePath.storage(base, of: snapshot)
        return (storage, isRoot ? path : String(path.dropFirst(directory.count + 1)))
    }
}
