// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
package import ObjectStorage

/// A Parquet file, to be read from front to back.
///
///     "PAR1" | column chunks of the row groups | metadata | u32 size of the metadata | "PAR1"
///
/// The source is asked for parts only, never for all of it.
package struct ParquetFile: Sendable {
    /// The top-level columns. One of a type that is not kept is `.other` of its Parquet name.
    package var schema: Schema { Schema(tree.entries.map(\.field)) }

    package var rowCount: Int { metadata.rowCount }

    let source: any ByteSource
    let metadata: ParquetMetadata
    let tree: SchemaTree
    /// Where the metadata begins, and so pages end.
    let dataEnd: Int

    private static let magic: [UInt8] = Array("PAR1".utf8)
    /// The same of a file whose footer is encrypted.
    private static let encryptedMagic: [UInt8] = Array("PARE".utf8)
    /// Footers are mostly shorter, and then one read is enough.
    private static let firstRead = 64 << 10

    /// Reads the footer. Throws `corrupt` where it is none, and `unsupported` for an encrypted file.
    package init(_ source: any ByteSource) throws {
        func corrupt(_ message: String, at offset: Int) -> Failure {
            Failure(.corrupt, message, path: source.name, offset: UInt64(offset))
        }
        guard source.count >= 12 else {
            throw corrupt("not a Parquet file: it has only \(source.count) bytes", at: 0)
        }
        let head = try source.read(0, 4).bytes
        let tailSize = min(source.count, Self.firstRead)
        let tail = try source.read(source.count - tailSize, tailSize)
        let end = try tail.slice(tailSize - 4, 4).bytes
        guard head != Self.encryptedMagic, end != Self.encryptedMagic else { throw Self.encrypted(source) }
        guard head == Self.magic else { throw corrupt("not a Parquet file: it does not begin with PAR1", at: 0) }
        guard end == Self.magic else {
            throw corrupt("not a whole Parquet file: it does not end with PAR1", at: source.count - 4)
        }
        let size = Int(try tail.load(UInt32.self, at: tailSize - 8))
        guard size <= source.count - 12 else {
            throw corrupt("metadata of \(size) bytes in a file of \(source.count)", at: source.count - 8)
        }
        dataEnd = source.count - 8 - size
        let footer =
            size <= tailSize - 8 ? try tail.slice(tailSize - 8 - size, size) : try source.read(dataEnd, size)
        metadata = try ParquetMetadata(footer)
        guard !metadata.isEncrypted else { throw Self.encrypted(source) }
        tree = try SchemaTree(metadata.elements, path: source.name)
        for (index, group) in metadata.rowGroups.enumerated() where group.chunks.count != tree.leafCount {
            throw corrupt(
                "row group \(index) has \(group.chunks.count) column chunks, the schema \(tree.leafCount) columns",
                at: dataEnd)
        }
        self.source = source
    }

    private static func encrypted(_ source: any ByteSource) -> Failure {
        Failure(.unsupported, "the Parquet file is encrypted; write it again without encryption", path: source.name)
    }

    /// The rows of `columns` (nil: of all) in batches of about `maxBytes` in memory (at most 1 GiB), of one row at
    /// least.
    ///
    /// Throws `invalid_argument` for a column that is not there, and `unsupported` for one of a type that is not kept.
    package func batches(columns: [String]? = nil, maxBytes: Int = 8 << 20) throws -> ParquetBatches {
        let entries =
            try columns?.map { name in
                guard let entry = tree.entries.first(where: { $0.field.name == name }) else {
                    let known = tree.entries.map { "'\($0.field.name)'" }.joined(separator: ", ")
                    throw Failure(
                        .invalidArgument, "no column '\(name)'; the file has \(known.isEmpty ? "none" : known)",
                        path: source.name)
                }
                return entry
            } ?? tree.entries
        let leaves = try entries.map { entry in
            guard let leaf = entry.leaf else {
                throw Failure(
                    .unsupported,
                    "column '\(entry.field.name)' is of type \(entry.field.type), which cannot be read; leave it out",
                    path: source.name)
            }
            return leaf
        }
        return ParquetBatches(self, leaves, Schema(entries.map(\.field)), maxBytes: min(max(maxBytes, 1), 1 << 30))
    }
}
