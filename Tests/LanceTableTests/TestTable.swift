// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import TestSupport

/// A table of the columns id, text and vector, each made of the row's number.
enum TestTable {
    static let schema = Schema([
        Field("id", .int64, nullable: false), Field("text", .utf8), Field("vector", .fixedSizeList(.float32, 4)),
    ])

    static func fields() throws -> [ProtoField] { try TableSchema.protos(for: schema) }

    static func batch(_ ids: Range<Int>) throws -> Batch {
        var id = ColumnBuilder(.int64)
        var text = ColumnBuilder(.utf8)
        var floats = ColumnBuilder(.float32)
        for number in ids {
            id.append(fixed: Int64(number))
            if number % 5 == 3 { try text.appendNull() } else { text.append("text \(number)") }
            for item in 0..<4 { floats.append(fixed: Float(number * 4 + item)) }
        }
        let vector = try Column(
            schema.fields[2].type, count: ids.count, storage: .fixedSizeList(items: floats.finish(), length: 4))
        return try Batch(schema, [id.finish(), text.finish(), vector])
    }

    /// Data files of the rows, which no version names yet.
    static func fragments(_ ids: Range<Int>, in table: Table, _ durability: WriteDurability = .relaxed) async throws
        -> [ProtoDataFragment]
    {
        let writer = try FragmentWriter(table.storage, fields: fields(), durability: durability)
        do {
            try await writer.append(batch(ids))
            return try await writer.finish()
        } catch {
            await writer.discard()
            throw error
        }
    }

    @discardableResult
    static func overwrite(_ ids: Range<Int>, _ table: Table, basedOn base: Snapshot?) async throws -> Snapshot {
        let operation = Operation.overwrite(
            fields: try fields(), fragments: try await fragments(ids, in: table), version: .v2_0)
        return try await table.commit(operation, basedOn: base).snapshot
    }

    @discardableResult
    static func append(_ ids: Range<Int>, _ table: Table, basedOn base: Snapshot? = nil) async throws -> Snapshot {
        let latest: Snapshot
        if let base { latest = base } else { latest = try await table.latest() }
        return try await table.commit(.append(fragments(ids, in: table)), basedOn: latest).snapshot
    }

    /// The ids of the live rows, in the table's order, after a look at all the other columns.
    static func ids(_ snapshot: Snapshot) async throws -> [Int] {
        var ids: [Int] = []
        var scan = TableScan(snapshot, fields: snapshot.schema.fields)
        while let rows = try await scan.next() {
            for row in 0..<rows.batch.count {
                guard case .int(let id) = try rows.batch.columns[0].value(row) else {
                    throw CheckFailure("an id that is null")
                }
                ids.append(Int(id))
                let text = try rows.batch.columns[1].value(row)
                try check(text == (id % 5 == 3 ? .null : .string("text \(id)")), "the text of row \(id) is \(text)")
                let vector = try rows.batch.columns[2].value(row)
                try check(vector == .list((0..<4).map { .double(Double(id * 4 + $0)) }), "the vector of row \(id)")
            }
        }
        try check(try await snapshot.liveRows() == ids.count, "liveRows")
        return ids
    }

    /// Puts a version as another writer would: `change` says what is different from the newest one.
    @discardableResult
    static func putVersion(
        _ storage: any ObjectStorage, after snapshot: Snapshot?, _ change: (inout ProtoManifest) -> Void = { _ in },
        transaction: ProtoTransaction? = nil, indices: [ProtoIndexMetadata] = [], scheme: NamingScheme = .v2
    ) async throws -> UInt64 {
        var proto = snapshot?.manifest.proto ?? ProtoManifest()
        proto.version += 1
        change(&proto)
        let bytes = try Manifest(proto: proto, indices: indices, transaction: transaction).serialized()
        let key = try ObjectKey("_versions/" + (snapshot?.scheme ?? scheme).name(of: proto.version))
        try check(try await storage.putIfAbsent(key, bytes, .relaxed) == .created, "version \(proto.version) was there")
        return proto.version
    }
}

enum Fixtures {
    static func url(_ name: String) -> URL {
        Bundle.module.bundleURL.appendingPathComponent("Fixtures").appendingPathComponent(name)
    }

    static func storage(_ name: String) -> LocalStorage { LocalStorage(path: url(name).path) }

    static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(name))) }

    static func decode<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
        try JSONDecoder().decode(type, from: Data(contentsOf: url(name)))
    }

    /// A copy in memory, which may be changed.
    static func copy(_ name: String) async throws -> MemoryStorage {
        let original = storage(name)
        let copy = MemoryStorage(location: name)
        for entry in try await original.walk() {
            _ = try await copy.putIfAbsent(entry.key, original.open(entry.key).view.bytes, .relaxed)
        }
        return copy
    }
}
