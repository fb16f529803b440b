// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceProto
import LanceTable
import ObjectStorage
import TestSupport

/// A manifest, and all that opening the version, scanning it and adding to it makes of it.
///
/// Whatever data or deletion file it names is there, and is the same one.
enum ManifestTarget {
    private static let mostRows = 100
    private static let mostFragments = 16
    private static let mostIndices = 16

    static func read(_ bytes: [UInt8]) async throws {
        let manifest = try Manifest(parsing: ByteView(copying: bytes, name: "fuzz.manifest"))
        var attempts = Attempts()
        _ = ManifestInspection(manifest, path: "fuzz.manifest")
        try attempts.attempt { _ = try manifest.serialized() }
        // Its name must say the version that it says.
        let version = manifest.proto.version
        let key = try ObjectKey("_versions/" + NamingScheme.v2.name(of: version))
        let storage = try await NamesakeStorage(key, bytes)
        let table = Table(storage, .relaxed)
        let snapshot = try await table.latest()
        try await attempts.attempt { try await look(at: snapshot) }
        for reader in snapshot.fragmentReaders.prefix(mostFragments) {
            try await attempts.attempt {
                let rows = try await reader.physicalRows()
                let deleted = try await reader.deletions()
                try check(deleted.map { $0.count <= rows } ?? true, "\(deleted?.count ?? 0) of \(rows) rows")
            }
        }
        for field in snapshot.schema.fields.prefix(mostFragments) {
            try await attempts.attempt { try await scan(snapshot, field) }
        }
        try await attempts.attempt { _ = try await TableInspection(table, limit: 3, version: nil, pages: false) }
        try await attempts.attempt {
            let next = try await table.commit(.append([storage.fragment]), basedOn: snapshot).snapshot
            try check(next.version == version &+ 1, "version \(next.version) after \(version)")
        }
        try attempts.finish()
    }

    private static func look(at snapshot: Snapshot) async throws {
        var attempts = Attempts()
        try attempts.attempt { _ = try snapshot.fileVersion() }
        try await attempts.attempt { _ = try await snapshot.liveRows() }
        for index in snapshot.indices.prefix(mostIndices) {
            _ = snapshot.isLive(index)
            _ = snapshot.unusableReason(index)
            try await attempts.attempt {
                let liveness = try await RowLiveness(index, in: snapshot)
                for id in [0, 1, 4, 100, 1 << 32, UInt64.max] { _ = liveness.address(ofRowID: id) }
                for fragment in liveness.fragmentIDs.prefix(3) {
                    _ = liveness.isLive(RowAddress(fragment: fragment, offset: 1))
                }
            }
        }
        for field in snapshot.schema.fields.prefix(mostFragments) {
            for kind in [IndexEntry.Kind.btree, .vector] {
                try await attempts.attempt {
                    for (_, segments) in try await snapshot.rankedIndices(kind, on: field).prefix(mostIndices) {
                        _ = snapshot.uncoveredFragments(of: segments)
                        _ = try await snapshot.coveredRows(of: segments)
                    }
                }
            }
        }
        try attempts.finish()
    }

    private static func scan(_ snapshot: Snapshot, _ field: TableField) async throws {
        var scan = TableScan(snapshot, fields: [field], limit: mostRows)
        var addresses: [RowAddress] = []
        while let rows = try await scan.next() {
            try check(rows.batch.count == rows.addresses.count, "\(rows.batch.count) rows")
            for row in 0..<rows.batch.count { _ = try rows.batch.columns[0].value(row) }
            addresses = rows.addresses
        }
        let few = Array(addresses.suffix(3).reversed())
        let taken = try await snapshot.take(few, [field])
        try check(taken.count == few.count, "\(taken.count) rows taken of \(few.count)")
    }
}
