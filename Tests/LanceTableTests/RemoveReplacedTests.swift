// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import Testing
import TestSupport

struct RemoveReplacedTests {
    private let storage = MemoryStorage()
    private let table: Table

    init() { table = Table(storage, .relaxed) }

    private func keys() async throws -> Set<String> { Set(try await storage.walk().map(\.key.description)) }

    /// Versions 1 to 3: a table, an index on it, and a delete of one row.
    private func threeVersions() async throws {
        try await TestTable.overwrite(0..<5, table, basedOn: nil)
        let second = try await TestTable.append(5..<8, table)
        let index = ProtoIndexMetadata.with {
            $0.uuid.uuid = Data(0..<16)
            $0.name = "index"
        }
        for file in ["index.idx", "auxiliary.idx"] {
            _ = try await storage.putIfAbsent(
                ObjectKey("_indices/00010203-0405-0607-0809-0a0b0c0d0e0f/" + file), [1], .relaxed)
        }
        _ = try await table.commit(.createIndex(new: [index], removed: []), basedOn: second)
        let third = try await table.latest()
        try await TestTable.putVersion(
            storage, after: third,
            { proto in
                proto.readerFeatureFlags = 1
                proto.writerFeatureFlags = 1
                proto.transactionFile = "3-x.txn"
                proto.fragments[0].deletionFile = .with {
                    $0.fileType = .bitmap
                    $0.readVersion = 3
                    $0.id = 77
                    $0.numDeletedRows = 1
                }
            }, transaction: .with { $0.delete = .init() }, indices: [index])
        _ = try await storage.putIfAbsent(ObjectKey("_deletions/0-3-77.bin"), RoaringBitmap([1]).serialized, .relaxed)
        _ = try await storage.putIfAbsent(ObjectKey("_transactions/3-x.txn"), [], .relaxed)
        #expect(try await TestTable.ids(table.latest()) == [0, 2, 3, 4, 5, 6, 7])
    }

    private let foreign = [
        "data/foreign.lance", "_versions/.tmp-1", "_indices/x/y", "_transactions/9-other.txn", "notes",
    ]

    @Test func whatOnlyOldVersionsUsedGoes() async throws {
        try await threeVersions()
        for key in foreign { _ = try await storage.putIfAbsent(ObjectKey(key), [1], .relaxed) }
        let current = try await TestTable.overwrite(20..<22, table, basedOn: table.latest())
        await table.removeReplaced(before: current)
        let data = try #require(current.manifest.proto.fragments.first?.files.first?.path)
        #expect(
            try await keys()
                == Set(
                    foreign + [
                        "data/" + data, "_versions/" + NamingScheme.v2.name(of: 5),
                        "_transactions/" + current.manifest.proto.transactionFile,
                    ]))
        #expect(try await TestTable.ids(Table(storage).latest()) == [20, 21])
        await table.removeReplaced(before: current)
        #expect(try await keys().count == foreign.count + 3)
    }

    @Test func taggedVersionsStayWhole() async throws {
        try await threeVersions()
        _ = try await storage.putIfAbsent(
            ObjectKey("_refs/tags/keep.json"), Array(#"{"branch":null,"version":4,"manifestSize":1}"#.utf8), .relaxed)
        let before = try await keys()
        let tagged = try #require(try await table.versions().last)
        let current = try await TestTable.overwrite(20..<22, table, basedOn: table.latest())
        await table.removeReplaced(before: current)
        #expect(try await table.versions().map(\.version) == [4, 5])
        #expect(try await TestTable.ids(table.snapshot(tagged)) == [0, 2, 3, 4, 5, 6, 7])
        // Of the others only manifests and transactions went: their data is the tagged version's too.
        let gone = before.subtracting(try await keys())
        #expect(gone.count == 6 && gone.allSatisfy { $0.hasPrefix("_versions/") || $0.hasPrefix("_transactions/") })
    }

    @Test(arguments: [
        ("a branch", "_refs/branches/b.json", "{}"),
        ("a detached version", "_versions/d9223372036854775809.manifest", "x"),
        ("a tag that cannot be read", "_refs/tags/t.json", "{"),
        ("a manifest that cannot be read", "_versions/18446744073709551613.manifest", "x"),
    ]) func nothingGoesWith(_ what: String, _ key: String, _ contents: String) async throws {
        try await threeVersions()
        if key.hasSuffix("13.manifest") { try await storage.delete(ObjectKey(key)) }
        _ = try await storage.putIfAbsent(ObjectKey(key), Array(contents.utf8), .relaxed)
        let current = try await TestTable.overwrite(20..<22, table, basedOn: table.latest())
        let before = try await keys()
        await table.removeReplaced(before: current)
        #expect(try await keys() == before, "\(what)")
    }

    @Test func newerVersionsStayWhole() async throws {
        try await TestTable.overwrite(0..<5, table, basedOn: nil)
        let second = try await TestTable.append(5..<8, table)
        try await TestTable.append(8..<9, table)
        await table.removeReplaced(before: second)
        #expect(try await table.versions().map(\.version) == [2, 3])
        #expect(try await TestTable.ids(table.latest()) == Array(0..<9))
    }

    /// A manifest may come from anybody, and names files: none outside the table's directory is touched.
    @Test func filesElsewhereAreSafe() async throws {
        let place = try TemporaryDirectory()
        let outside = place.appending("precious")
        try Data([1]).write(to: URL(fileURLWithPath: outside))
        let local = LocalStorage(path: place.appending("t"))
        let table = Table(local, .relaxed)
        let first = try await TestTable.overwrite(0..<2, table, basedOn: nil)
        try await TestTable.putVersion(local, after: first) { $0.fragments[0].files[0].path = "../../precious" }
        let current = try await TestTable.overwrite(2..<4, table, basedOn: table.latest())
        await table.removeReplaced(before: current)
        #expect(FileManager.default.fileExists(atPath: outside))
        #expect(try await table.versions().count == 1)
    }

    /// Whatever is interrupted leaves files that nobody needs, and no version without its files.
    @Test func interruptionsAreHarmless() async throws {
        for number in 0..<60 {
            let storage = MemoryStorage()
            let faulty = FaultyStorage(storage)
            let table = Table(faulty, .relaxed)
            try await TestTable.overwrite(0..<5, table, basedOn: nil)
            try await TestTable.append(5..<8, table)
            let current = try await TestTable.overwrite(20..<22, table, basedOn: table.latest())
            faulty.fail(number)
            await table.removeReplaced(before: current)
            let reader = Table(storage)
            for name in try await reader.versions() { _ = try await TestTable.ids(reader.snapshot(name)) }
            #expect(try await TestTable.ids(reader.latest()) == [20, 21])
            if faulty.operations.count <= number {
                #expect(try await storage.walk().count == 3)
                return
            }
        }
        Issue.record("a clean-up of more than sixty steps")
    }
}
