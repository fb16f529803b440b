// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
package import LanceProto
package import ObjectStorage

/// Writes the live rows of small fragments together. Nothing is part of the table before a commit names it.
package final class Compactor {
    /// A group that was written.
    package struct Written: Sendable {
        package var old: [FragmentReader]
        /// Without ids.
        package var new: [ProtoDataFragment]
    }

    private let snapshot: Snapshot
    private let fields: [TableField]
    private let protos: [ProtoField]
    private let version: FileVersion
    private let durability: WriteDurability
    private var writers: [FragmentWriter] = []

    /// Throws `unsupported` where the table has a column that this package cannot write: its values would be lost.
    package init(_ snapshot: Snapshot, _ durability: WriteDurability) throws {
        self.snapshot = snapshot
        self.durability = durability
        version = try snapshot.fileVersion()
        fields = snapshot.schema.fields
        protos = snapshot.manifest.proto.fields
        if let field = fields.first(where: { !$0.isWritable }) {
            throw Failure(
                .unsupported,
                "column '\(field.name)' (\(field.logicalType)) cannot be written, so fragments cannot be written again; "
                    + "compact this table with the official library",
                path: snapshot.location)
        }
    }

    /// Writes the rows of some fragments, one fragment after another.
    package func write(_ fragments: [FragmentReader]) async throws -> Written {
        let writer = try FragmentWriter(snapshot.storage, fields: protos, version: version, durability: durability)
        writers.append(writer)
        var scan = TableScan(fragments, fields: fields)
        while let rows = try await scan.next() { try await writer.append(rows.batch) }
        return Written(old: fragments, new: try await writer.finish())
    }

    /// Bytes of the files.
    package var bytesWritten: Int { writers.reduce(0) { $0 + $1.byteCount } }

    /// Removes the files again.
    package func discard() async {
        for writer in writers { await writer.discard() }
        writers = []
    }
}
