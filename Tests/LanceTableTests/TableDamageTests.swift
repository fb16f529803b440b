// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import Testing
import TestSupport

/// Damaged files of a table: a truncation throws, a changed byte throws or gives a well-formed table; nothing traps.
struct TableDamageTests {
    /// Reads the newest version in every way; at most some thousand rows, whatever the manifest says there are.
    static func readEverything(_ storage: any ObjectStorage) async throws {
        let table = Table(storage)
        let snapshot = try await table.latest()
        _ = try snapshot.fileVersion()
        for index in snapshot.indices {
            _ = snapshot.isLive(index)
            _ = snapshot.hasLiveIndex(index.kind, on: "vector")
        }
        _ = try await snapshot.liveRows()
        var addresses: [RowAddress] = []
        for reader in snapshot.fragmentReaders {
            let rows = try await reader.physicalRows()
            let deleted = try await reader.deletions()
            try check(deleted.map { $0.count <= rows } ?? true, "\(deleted?.count ?? 0) of \(rows) rows are deleted")
            if rows > 0 {
                addresses += [0, rows / 2, rows - 1].map { RowAddress(fragment: reader.id, offset: UInt32($0)) }
            }
        }
        var failed: Failure?
        for field in snapshot.schema.fields {
            do {
                var scan = TableScan(snapshot, fields: [field], limit: 3000)
                while let rows = try await scan.next() {
                    try check(
                        rows.batch.count == rows.addresses.count,
                        "\(rows.batch.count) rows, \(rows.addresses.count) addresses")
                    for row in 0..<rows.batch.count {
                        do { _ = try rows.batch.columns[0].value(row) } catch let failure as Failure
                            where failure.code == .corrupt
                        {}
                    }
                }
                let taken = try await snapshot.take(addresses, [field])
                try check(taken.count == addresses.count, "take")
                if case .fixedSizeList(.float32, _) = field.type {
                    for reader in snapshot.fragmentReaders { _ = try await reader.column(field)?.vectorParts() }
                }
            } catch let failure as Failure {
                failed = failure
            }
        }
        if let failed { throw failed }
    }

    private func damage(
        _ table: String, _ key: ObjectKey, seed: UInt64, truncations: Int, changes: Int
    ) async throws {
        let storage = try await Fixtures.copy(table)
        let good = try await storage.open(key).view.bytes
        try await Self.readEverything(storage)
        try await HeavyWork.bounded(300 << 20) {
            _ = try await Damage.run(good, seed: seed, truncations: truncations, changes: changes) { bytes in
                try await Self.readEverything(OverlayStorage(storage, [key: bytes]))
            }
        }
    }

    @Test func dataFiles() async throws {
        let latest = try await Table(Fixtures.storage("table-4.0.2")).latest()
        for fragment in latest.fragments {
            let key = try ObjectKey("data/" + (try #require(fragment.proto.files.first?.path)))
            try await damage("table-4.0.2", key, seed: 72, truncations: 1000, changes: 1000)
        }
    }

    @Test func deletionFileOfTheTable() async throws {
        let keys = try await Fixtures.storage("table-14.0.2").walk().map(\.key).filter {
            $0.description.hasPrefix("_deletions/0-5")
        }
        try await damage("table-14.0.2", try #require(keys.first), seed: 73, truncations: 300, changes: 300)
    }

    /// A bare message has no end of its own: cut between two fields it is another message, of which nothing is known.
    @Test func transactionFiles() async throws {
        let place = MemoryStorage()
        let table = Table(place, .relaxed)
        let base = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        let fragments = try await TestTable.fragments(3..<5, in: table)
        let append = ProtoTransaction.with {
            $0.readVersion = 1
            $0.uuid = "9cd0ea1a-0000-4000-8000-000000000000"
            $0.append.fragments = fragments
        }
        let good: [UInt8] = try append.serializedBytes()
        let old = try base.manifest.serialized()
        var proto = base.manifest.proto
        proto.version = 2
        proto.transactionFile = "theirs.txn"
        let new = try Manifest(proto: proto, indices: [], transaction: nil).serialized()
        try await HeavyWork.bounded(300 << 20) {
            _ = try await Damage.run(good, seed: 74, truncations: 1000, changes: 1000) { bytes in
                let storage = MemoryStorage()
                for (key, bytes) in [
                    ("_versions/" + NamingScheme.v2.name(of: 1), old),
                    ("_versions/" + NamingScheme.v2.name(of: 2), new),
                    ("_transactions/theirs.txn", bytes),
                ] { _ = try await storage.putIfAbsent(ObjectKey(key), bytes, .relaxed) }
                let table = Table(storage, .relaxed)
                let names = try await table.versions()
                let base = try await table.snapshot(names[0])
                do {
                    _ = try await table.commit(.append(fragments), basedOn: base)
                } catch {
                    try check(try await storage.walk().count == 3, "the failed commit left something")
                    throw error
                }
                try check(try await table.latest().version == 3, "the third version")
            }
        }
    }
}
