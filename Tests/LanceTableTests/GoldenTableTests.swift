// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import Testing
import TestSupport

/// Tables that two releases of the official library made, version by version.
struct GoldenTableTests {
    struct Golden: Decodable {
        var versions: [Version]
        var operations: [String]
    }
    struct Version: Decodable {
        var version: UInt64
        var ids: [Int]
        var rowids: [UInt64]
        var fragments: [GoldenFragment]
        var indices: [Index]
    }
    struct GoldenFragment: Decodable {
        var id: UInt32
        var rows: Int
        var deleted: Int
    }
    struct Index: Decodable {
        var name: String
        var uuid: String
        var column: String
        var fragments: [UInt32]
    }

    static let tables = [
        ("table-4.0.2", "expected-4.0.2.json"), ("table-14.0.2", "expected-14.0.2.json"),
        ("table-old-names", "expected-4.0.2.json"),
    ]

    private func golden(_ table: (String, String)) throws -> Golden {
        try #require(try Fixtures.decode([String: Golden].self, table.1)[table.0])
    }

    @Test(arguments: tables) func everyVersion(_ name: String, _ expected: String) async throws {
        let golden = try golden((name, expected))
        let table = Table(Fixtures.storage(name))
        let names = try await table.versions()
        #expect(names.map(\.version) == golden.versions.map(\.version))
        #expect(try await table.latest().version == golden.versions.last?.version)
        for (versionName, expected) in zip(names, golden.versions) {
            let snapshot = try await table.snapshot(versionName)
            #expect(snapshot.scheme == (name == "table-old-names" ? .v1 : .v2))
            #expect(try snapshot.fileVersion() == .v2_0)
            #expect(snapshot.fragments.map(\.id) == expected.fragments.map(\.id))
            #expect(snapshot.fragments.map(\.physicalRows) == expected.fragments.map(\.rows))
            for (reader, fragment) in zip(snapshot.fragmentReaders, expected.fragments) {
                #expect(try await reader.liveRows() == fragment.rows - fragment.deleted)
                #expect(try await reader.deletions()?.count ?? 0 == fragment.deleted)
            }
            #expect(try await snapshot.liveRows() == expected.ids.count)
            try await expectRows(snapshot, expected)
            try expectIndices(snapshot, expected)
        }
    }

    private func expectRows(_ snapshot: Snapshot, _ expected: Version) async throws {
        var ids: [Int] = []
        var addresses: [RowAddress] = []
        var scan = TableScan(snapshot, fields: snapshot.schema.fields)
        while let rows = try await scan.next() {
            addresses += rows.addresses
            for row in 0..<rows.batch.count {
                guard case .int(let id) = try rows.batch.columns[0].value(row) else { continue }
                ids.append(Int(id))
                #expect(try rows.batch.columns[1].value(row) == (id % 7 == 3 ? .null : .string("text \(id)")))
                let vector = (0..<8).map { Value.double(Double((id * 31 + Int64($0) * 17) % 101)) }
                #expect(try rows.batch.columns[2].value(row) == .list(vector))
            }
        }
        #expect(ids == expected.ids)
        #expect(addresses.map(\.rawValue) == expected.rowids)
        let picked = Array(stride(from: addresses.count - 1, through: 0, by: -17))
        let taken = try await snapshot.take(picked.map { addresses[$0] }, snapshot.schema.fields)
        #expect(try taken.columns[0].values() == picked.map { .int(Int64(ids[$0])) })
        var limited = TableScan(snapshot, fields: [try snapshot.field("id")], limit: 7)
        var first: [Value] = []
        while let rows = try await limited.next() { first += try rows.batch.columns[0].values() }
        #expect(first == ids.prefix(7).map { .int(Int64($0)) })
    }

    private func expectIndices(_ snapshot: Snapshot, _ expected: Version) throws {
        let found = snapshot.indices.sorted { $0.name < $1.name }
        #expect(found.map(\.name) == expected.indices.map(\.name))
        for (entry, index) in zip(found, expected.indices) {
            #expect(entry.uuid.uuidString.lowercased() == index.uuid)
            #expect(entry.fieldIDs == [try snapshot.field(index.column).id])
            #expect(entry.coveredFragments.values == index.fragments)
            #expect(entry.kind == (index.column == "vector" ? .vector : .btree))
            let isLive = snapshot.fragments.contains { index.fragments.contains($0.id) }
            #expect(snapshot.isLive(entry) == isLive)
            #expect(snapshot.hasLiveIndex(entry.kind, on: index.column) == isLive)
        }
        #expect(!snapshot.hasLiveIndex(.vector, on: "text") && !snapshot.hasLiveIndex(.vector, on: "none"))
    }

    /// Field 21 of the manifest in tables of Lance 4, field 23 in those of 14.
    @Test(arguments: tables) func transactions(_ name: String, _ expected: String) async throws {
        let table = Table(Fixtures.storage(name))
        let golden = try golden((name, expected))
        for (versionName, kind) in zip(try await table.versions(), golden.operations) {
            let manifest = try await table.snapshot(versionName).manifest
            #expect(manifest.proto.hasTransactionSection == (name != "table-14.0.2"))
            #expect(manifest.proto.hasTransactionSectionNext == (name == "table-14.0.2"))
            let transaction = try #require(manifest.transaction)
            #expect(transaction.readVersion + 1 == versionName.version)
            let found =
                switch transaction.operation {
                case .overwrite: "Overwrite"
                case .append: "Append"
                case .delete: "Delete"
                case .createIndex: "CreateIndex"
                default: "another"
                }
            #expect(found == kind)
            // The file says the same as the section.
            let file = try Fixtures.bytes(name + "/_transactions/" + manifest.proto.transactionFile)
            #expect(try ProtoTransaction(serializedBytes: file) == transaction)
        }
    }

    /// What we add continues the table: scheme, ids, indices and their coverage, and the rows that were there.
    @Test(arguments: tables) func appendingContinues(_ name: String, _ expected: String) async throws {
        let golden = try golden((name, expected))
        let storage = try await Fixtures.copy(name)
        let table = Table(storage, .relaxed)
        let before = try await table.latest()
        let schema = before.schema.schema
        let writer = try FragmentWriter(storage, fields: before.manifest.proto.fields, durability: .relaxed)
        let columns = try schema.fields.map { try Column.nulls($0.type, count: 3) }
        try await writer.append(Batch(schema, columns))
        let after = try await table.commit(.append(writer.finish()), basedOn: before).snapshot
        #expect(after.version == before.version + 1 && after.scheme == before.scheme)
        #expect(after.fragments.map(\.id) == before.fragments.map(\.id) + [3])
        #expect(after.manifest.indices == before.manifest.indices)
        #expect(after.manifest.proto.maxFragmentID == 3)
        #expect(try await after.liveRows() == (golden.versions.last?.ids.count ?? 0) + 3)
        let again = try await Table(storage).latest()
        #expect(again.version == after.version)
        #expect(again.manifest.proto.fields == before.manifest.proto.fields)
        #expect(again.manifest.transaction != nil && !again.manifest.proto.hasTransactionSectionNext)
        #expect(try await storage.names(in: ObjectKey("_versions")).contains(after.scheme.name(of: after.version)))
    }
}
