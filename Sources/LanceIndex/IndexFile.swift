// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import Columnar
import Foundation
package import LanceFile
import LanceProto
package import ObjectStorage

/// One open file of an index segment: a data file whose columns are told by its own schema, and whose schema carries
/// metadata.
package struct IndexFile: Sendable {
    package let reader: DataFileReader
    package let path: String
    private let schema: TableSchema

    package static func open(_ name: String, of directory: IndexDirectory, in storage: any ObjectStorage) async throws
        -> IndexFile
    {
        let key = try directory.key(name)
        return try IndexFile(
            await DataFileReader.open(key, in: storage), path: storage.location + "/" + key.description)
    }

    private init(_ reader: DataFileReader, path: String) throws {
        self.reader = reader
        self.path = path
        schema = try TableSchema(reader.descriptor.schema.fields)
    }

    /// The file is in memory or mapped.
    var isInMemory: Bool { reader.isInMemory }

    package func type(of column: String) -> DataType? { schema[column]?.type }

    /// The values of a column; `corrupt` where the file has none of that name.
    package func column(_ name: String) throws -> ColumnReader {
        guard let index = schema.fields.firstIndex(where: { $0.name == name }) else {
            throw corrupt("an index file without a column '\(name)'; it has \(schema.schema.summary)")
        }
        // Column i holds field i in every file version as long as no field is inside another.
        let fields = reader.descriptor.schema.fields
        guard fields.count == schema.fields.count, fields.count == reader.columnCount else {
            throw corrupt("an index file of \(fields.count) fields in \(reader.columnCount) columns")
        }
        return try reader.column(index, schema.fields[index])
    }

    /// An entry of the schema's metadata; nil where there is none.
    package func metadata(_ key: String) throws -> String? {
        guard let bytes = reader.metadata[key] else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw corrupt("the index file's '\(key)' is not valid UTF-8")
        }
        return text
    }

    /// An entry of the schema's metadata that must be there.
    package func required(_ key: String) throws -> String {
        guard let text = try metadata(key) else {
            throw corrupt("the index file does not say its '\(key)'")
        }
        return text
    }

    /// The global buffer whose number an entry of the metadata gives.
    package func globalBuffer(namedBy key: String) throws -> ByteView {
        let text = try required(key)
        // Number 0 is the schema.
        guard let number = Int(text), number > 0 else {
            throw corrupt("the index file's '\(key)' is '\(text)', not the number of a buffer")
        }
        return try reader.globalBuffer(number)
    }

    package func failure(_ code: Failure.Code, _ message: String) -> Failure { Failure(code, message, path: path) }

    package func corrupt(_ message: String) -> Failure { failure(.corrupt, message) }
}
