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
import Testing

/// Which version is the newest, and which ones may be read and written.
struct VersionTests {
    private let storage = MemoryStorage()
    private let table: Table

    init() { table = Table(storage, .relaxed) }

    @Test func noTable() async throws {
        #expect(try await table.latestIfAny() == nil)
        let failure = try await expectFailure([.notFound], "latest") { try await table.latest() }
        #expect(failure.path == storage.location)
        _ = try await storage.putIfAbsent(ObjectKey("_versions/.tmp-1"), [1], .relaxed)
        #expect(try await table.latestIfAny() == nil)
        #expect(try await table.versions().isEmpty)
    }

    @Test(arguments: [NamingScheme.v1, .v2]) func gapsAreAllowed(_ scheme: NamingScheme) async throws {
        let first = try await TestTable.putVersion(
            storage, after: nil, { $0.fields = (try? TestTable.fields()) ?? [] }, scheme: scheme)
        #expect(try await table.latest().version == first)
        try await TestTable.putVersion(storage, after: table.latest(), { $0.version = 10 })
        try await TestTable.putVersion(storage, after: table.latest(), { $0.version = 9 })
        let latest = try await table.latest()
        #expect(latest.version == 10 && latest.scheme == scheme)
        #expect(try await table.versions().map(\.version) == [1, 9, 10])
        #expect(try await TestTable.append(0..<3, table).version == 11)
        #expect(try await storage.names(in: ObjectKey("_versions")).contains(scheme.name(of: 11)))
    }

    @Test func whatIsNoVersionIsIgnored() async throws {
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        for name in [
            "latest_version_hint.json", "d18446744073709551615.manifest", ".tmp-abc",
            NamingScheme.v2.name(of: 9) + "#1", "notes.txt",
        ] {
            _ = try await storage.putIfAbsent(ObjectKey("_versions/" + name), Array(#"{"version":99}"#.utf8), .relaxed)
        }
        #expect(try await table.latest().version == first.version)
        #expect(try await TestTable.append(3..<5, table).version == 2)
    }

    @Test func mixedSchemesAreRefused() async throws {
        try await TestTable.putVersion(storage, after: nil, scheme: .v1)
        _ = try await table.latest()
        let bytes = try Manifest(proto: .with { $0.version = 2 }, indices: [], transaction: nil).serialized()
        _ = try await storage.putIfAbsent(ObjectKey("_versions/" + NamingScheme.v2.name(of: 2)), bytes, .relaxed)
        try await expectFailure([.corrupt], "mixed names") { try await table.latest() }
    }

    @Test func aManifestUnderAnotherNameIsCorrupt() async throws {
        let bytes = try Manifest(proto: .with { $0.version = 2 }, indices: [], transaction: nil).serialized()
        _ = try await storage.putIfAbsent(ObjectKey("_versions/" + NamingScheme.v2.name(of: 3)), bytes, .relaxed)
        try await expectFailure([.corrupt], "version 2 named 3") { try await table.latest() }
    }

    @Test func fragmentsMustBeInOrderAndInRange() async throws {
        for ids in [[UInt64(1), 1], [2, 1], [1 << 32], [UInt64.max]] {
            let storage = MemoryStorage()
            try await TestTable.putVersion(storage, after: nil) {
                $0.fragments = ids.map { id in .with { $0.id = id } }
            }
            try await expectFailure([.corrupt], "\(ids)") { try await Table(storage).latest() }
        }
        let storage = MemoryStorage()
        try await TestTable.putVersion(storage, after: nil) { $0.fragments = [.with { $0.physicalRows = 1 << 33 }] }
        try await expectFailure([.corrupt], "too many rows") { try await Table(storage).latest() }
    }

    /// Some forty bytes an index say that it covers 65,536 fragments: a manifest of a megabyte could fill the memory.
    @Test func indicesThatCoverTooMuch() async throws {
        let full: [UInt8] = [0x3b, 0x30, 0, 0, 1, 0, 0, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0xff]
        let index = ProtoIndexMetadata.with {
            $0.uuid.uuid = Data(0..<16)
            $0.fragmentBitmap = Data(full)
        }
        try await TestTable.putVersion(storage, after: nil, indices: Array(repeating: index, count: 16))
        #expect(try await table.latest().indices.allSatisfy { $0.coveredFragments.count == 65_536 })
        let storage = MemoryStorage()
        try await TestTable.putVersion(storage, after: nil, indices: Array(repeating: index, count: 20_000))
        try await HeavyWork.bounded(300 << 20) {
            try await expectFailure([.corrupt], "indices") { try await Table(storage).latest() }
        }
    }

    // MARK: Flags

    private static let names = [
        1: "deletion files", 2: "stable row ids", 4: "v2 format", 8: "table config", 16: "base paths",
        32: "no transaction files",
        64: "data overlay files", 128: "index covering fields", 256: "mixed data file versions",
    ]

    @Test(arguments: 0..<64) func everyFlag(_ bit: Int) throws {
        let flag = FeatureFlags(rawValue: 1 << UInt64(bit))
        let name = Self.names[1 << bit] ?? "\(flag.rawValue)"
        for (isKnown, doing, check) in [
            ([0, 1, 2, 3, 4, 5].contains(bit), "read", { try flag.checkReadable("p") }),
            ([0, 1, 2, 3, 5].contains(bit), "write", { try flag.checkWritable("p") }),
        ] as [(Bool, String, () throws -> Void)] {
            if isKnown {
                #expect(throws: Never.self) { try check() }
            } else {
                let failure = #expect(throws: Failure.self) { try check() }
                #expect(failure?.code == .unsupported && failure?.path == "p")
                #expect(failure?.message.contains(name) == true && failure?.message.contains("cannot \(doing)") == true)
            }
        }
    }

    @Test func allUnknownFlagsAreNamed() {
        let failure = #expect(throws: Failure.self) { try FeatureFlags(rawValue: UInt64.max).checkReadable("p") }
        for name in [
            "data overlay files (64)", "index covering fields (128)",
            "mixed data file versions (256)", "512", "\(UInt64(1) << 63)",
        ] {
            #expect(failure?.message.contains(name) == true, "\(name)")
        }
        #expect(throws: Never.self) { try FeatureFlags(rawValue: 0).checkReadable("p") }
    }

    @Test func flagsAreHonoured() async throws {
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        try await TestTable.putVersion(storage, after: first) { $0.writerFeatureFlags = 16 }
        let second = try await table.latest()
        #expect(try await TestTable.ids(second) == [0, 1, 2])
        let fragments = try await TestTable.fragments(3..<4, in: table)
        for base in [second, first] {
            // On the old version too: what counts is what the commit would follow.
            try await expectFailure([.unsupported, .incompatible], "a commit") {
                try await table.commit(.append(fragments), basedOn: base)
            }
        }
        #expect(try await table.latest().version == 2)
        try await TestTable.putVersion(storage, after: second) { $0.readerFeatureFlags = 64 }
        let failure = try await expectFailure([.unsupported], "open") { try await table.latest() }
        #expect(failure.message.contains("data overlay files"))
    }

    // MARK: Reading

    @Test func columnsWithoutAFileAreNull() async throws {
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        try await TestTable.putVersion(storage, after: first) { proto in
            proto.fields.append(
                .with {
                    $0.id = 9
                    $0.parentID = -1
                    $0.name = "later"
                    $0.logicalType = "int32"
                    $0.nullable = true
                })
            proto.fragments[0].files[0].fields[1] = -2
        }
        let snapshot = try await table.latest()
        let reader = try #require(snapshot.fragment(0))
        #expect(try await reader.read(snapshot.field("later"), 0..<3).values() == [.null, .null, .null])
        #expect(try await reader.read(snapshot.field("text"), 0..<3).values() == [.null, .null, .null])
        let addresses = [2, 0].map { RowAddress(fragment: 0, offset: $0) }
        let taken = try await snapshot.take(addresses, [snapshot.field("later"), snapshot.field("id")])
        #expect(try taken.columns.map { try $0.values() } == [[.null, .null], [.int(2), .int(0)]])
        #expect(try await reader.read(snapshot.field("id"), 1..<3).values() == [.int(1), .int(2)])
        let failure = #expect(throws: Failure.self) { try snapshot.field("none") }
        #expect(failure?.code == .schemaMismatch && failure?.message.contains("'none'") == true)
        #expect(snapshot.fragment(1) == nil)
        try await expectFailure([.corrupt], "an address") {
            try await snapshot.take([RowAddress(fragment: 5, offset: 0)], [snapshot.field("id")])
        }
        try await expectFailure([.corrupt], "an offset") {
            try await snapshot.take([RowAddress(fragment: 0, offset: UInt32.max)], [snapshot.field("id")])
        }
    }

    @Test func manifestsThatDoNotFitTheirFiles() async throws {
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        let changes: [(String, Failure.Code, @Sendable (inout ProtoManifest) -> Void)] = [
            ("size", .corrupt, { $0.fragments[0].files[0].fileSizeBytes += 1 }),
            ("rows", .corrupt, { $0.fragments[0].physicalRows += 1 }),
            ("columns", .corrupt, { $0.fragments[0].files[0].columnIndices = [] }),
            ("column", .corrupt, { $0.fragments[0].files[0].columnIndices[0] = 77 }),
            ("no column", .unsupported, { $0.fragments[0].files[0].columnIndices[0] = -1 }),
            ("type", .corrupt, { $0.fields[0].logicalType = "string" }),
            ("base that is not listed", .corrupt, { $0.fragments[0].files[0].baseID = 1 }),
            ("missing file", .notFound, { $0.fragments[0].files[0].path = "none.lance" }),
            ("path", .corrupt, { $0.fragments[0].files[0].path = "../../etc/passwd" }),
            ("absolute path", .corrupt, { $0.fragments[0].files[0].path = "/etc/passwd" }),
        ]
        for (what, code, change) in changes {
            let other = OverlayStorage(
                storage,
                [
                    try ObjectKey("_versions/" + NamingScheme.v2.name(of: 1)):
                        try Manifest(
                            proto: {
                                var proto = first.manifest.proto
                                change(&proto)
                                return proto
                            }(), indices: [], transaction: nil
                        ).serialized()
                ])
            let snapshot = try await Table(other).latest()
            try await expectFailure([code], what) { try await TestTable.ids(snapshot) }
        }
        // Numbers that a manifest may leave out.
        try await TestTable.putVersion(storage, after: first) { proto in
            proto.fragments[0].physicalRows = 0
            proto.fragments[0].files[0].fileSizeBytes = 0
            proto.clearDataFormat()
        }
        let snapshot = try await table.latest()
        #expect(try await TestTable.ids(snapshot) == [0, 1, 2])
        #expect(try snapshot.fileVersion() == .v2_0)
    }

    @Test func aPlaceThatIsNotOurs() async throws {
        let place = MemoryStorage()
        let table = Table(place)
        try await table.checkPlace()
        for key in [
            "data/.tmp123", "data/a.lance", "_versions/.tmp-1", "_transactions/0-a.txn", "_refs/tags/a.json",
        ] {
            _ = try await place.putIfAbsent(ObjectKey(key), [1], .relaxed)
        }
        try await table.checkPlace()
        for key in ["notes.txt", "data/photo.jpg", "data", ".env", "_versions/notes.txt"] {
            let other = MemoryStorage()
            _ = try await other.putIfAbsent(ObjectKey(key), [1], .relaxed)
            let failure = try await expectFailure([.invalidArgument], key) { try await Table(other).checkPlace() }
            #expect(failure.message.contains("'\(key)'"))
        }
        for key in ["src/main.c", ".git/config", "data/deep/a.lance"] {
            let other = MemoryStorage()
            _ = try await other.putIfAbsent(ObjectKey(key), [1], .relaxed)
            _ = try await expectFailure([.invalidArgument], key) { try await Table(other).checkPlace() }
        }
        #expect(try await table.diskBytes() == 5)
    }
}
