// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import LanceTable
import ObjectStorage
import Synchronization
import TestSupport

/// A tiny table: what the seeds of manifests and BTREE indices are made of.
enum SeedTable {
    static let rows = 5
    static let schema = Schema([Field("id", .int32), Field("key", .utf8)])

    static func fields() throws -> [ProtoField] { try TableSchema.protos(for: schema) }

    static func batch(_ rows: Range<Int>) throws -> Batch {
        var ids = ColumnBuilder(.int32)
        var keys = ColumnBuilder(.utf8)
        for row in rows {
            ids.append(fixed: Int32(row))
            if row % 4 == 2 { try keys.appendNull() } else { keys.append("key \(row)") }
        }
        return try Batch(schema, [ids.finish(), keys.finish()])
    }

    /// Adds a fragment of rows; the first call makes the table.
    static func append(_ rows: Range<Int>, to storage: any ObjectStorage) async throws -> Snapshot {
        let table = Table(storage, .relaxed)
        let fields = try fields()
        let writer = try FragmentWriter(storage, fields: fields, durability: .relaxed)
        try await writer.append(batch(rows))
        let fragments = try await writer.finish()
        let base = try await table.latestIfAny()
        let operation: LanceTable.Operation =
            base == nil ? .overwrite(fields: fields, fragments: fragments, version: .v2_0) : .append(fragments)
        return try await table.commit(operation, basedOn: base).snapshot
    }

    /// A data file of the table, and the fragment whose only file it is.
    static func dataFile() async throws -> (bytes: [UInt8], fragment: ProtoDataFragment) {
        if let made = made.withLock({ $0 }) { return made }
        let storage = MemoryStorage()
        let snapshot = try await append(0..<rows, to: storage)
        guard let fragment = snapshot.fragments.first?.proto, let file = fragment.files.first else {
            throw CheckFailure("a table without a data file")
        }
        let new = (try await storage.open(ObjectKey("data/" + file.path)).view.bytes, fragment)
        made.withLock { $0 = new }
        return new
    }

    private static let made = Mutex<(bytes: [UInt8], fragment: ProtoDataFragment)?>(nil)
}
