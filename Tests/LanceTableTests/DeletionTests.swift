// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import TestSupport
import Testing

/// Rows that go, and rows that come in their place, as the table sees it.
struct DeletionTests {
    private let storage = MemoryStorage()
    private let table: Table

    init() { table = Table(storage, .relaxed) }

    /// Two fragments: rows 0 to 9 and 10 to 14.
    private func made() async throws -> Snapshot {
        try await TestTable.overwrite(0..<10, table, basedOn: nil)
        return try await TestTable.append(10..<15, table)
    }

    private func addresses(_ fragment: UInt32, _ offsets: UInt32...) -> [RowAddress] {
        offsets.map { RowAddress(fragment: fragment, offset: $0) }
    }

    private func delete(_ rows: [RowAddress], basedOn base: Snapshot) async throws -> (Snapshot, RowDeletion) {
        let deletion = try await DeletionWriter(base, .relaxed).delete(rows, predicate: "test")
        return (try await table.commit(.delete(deletion), basedOn: base).snapshot, deletion)
    }

    @Test func rowsGo() async throws {
        let base = try await made()
        let (first, deletion) = try await delete(addresses(0, 3, 3, 5) + addresses(1, 0), basedOn: base)
        #expect(deletion.rowCount == 3)
        #expect(try await TestTable.ids(first) == [0, 1, 2, 4, 6, 7, 8, 9, 11, 12, 13, 14])
        #expect(FeatureFlags(rawValue: first.manifest.proto.readerFeatureFlags) == .deletionFiles)
        #expect(FeatureFlags(rawValue: first.manifest.proto.writerFeatureFlags) == .deletionFiles)
        // On top of what is gone already; a row that is gone counts for nothing.
        let (second, more) = try await delete(addresses(0, 3, 4), basedOn: first)
        #expect(more.rowCount == 1)
        #expect(try await TestTable.ids(second) == [0, 1, 2, 6, 7, 8, 9, 11, 12, 13, 14])
        #expect(try await TestTable.ids(base) == Array(0..<15), "the old version has all of them")
        // A fragment without rows goes, and its id is not given again.
        let (third, last) = try await delete(addresses(1, 1, 2, 3, 4), basedOn: second)
        #expect(last.removedIDs == [1] && third.fragments.map(\.id) == [0])
        let fourth = try await TestTable.append(20..<22, table)
        #expect(fourth.fragments.map(\.id) == [0, 2])
        #expect(try await TestTable.ids(fourth) == [0, 1, 2, 6, 7, 8, 9, 20, 21])
    }

    @Test func oneCommitDeletesAndAdds() async throws {
        let base = try await made()
        let deletion = try await DeletionWriter(base, .relaxed).delete(addresses(0, 1, 2), predicate: "")
        let update = Operation.update(deletion, adding: try await TestTable.fragments(30..<33, in: table), replaced: [])
        let snapshot = try await table.commit(update, basedOn: base).snapshot
        #expect(snapshot.version == 3)
        #expect(try await TestTable.ids(snapshot) == [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 30, 31, 32])
    }

    /// Deletes of different fragments follow each other, those of one fragment are done again.
    @Test func deletesMeet() async throws {
        let base = try await made()
        _ = try await delete(addresses(0, 1), basedOn: base)
        let (both, _) = try await delete(addresses(1, 1), basedOn: base)
        #expect(try await TestTable.ids(both) == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14])
        try await TestTable.append(40..<41, table)
        let failure = try await expectFailure([.conflict], "the same fragment") {
            try await delete(addresses(0, 2), basedOn: base)
        }
        #expect(failure.message.contains("version 3 (delete)"))
        // An append goes on whatever was deleted.
        let last = try await TestTable.append(50..<52, table, basedOn: base)
        #expect(try await TestTable.ids(last) == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 40, 50, 51])
    }

    /// The rules would let it pass, but the fragment is not what it was.
    @Test func aFragmentThatChangedUnseen() async throws {
        let base = try await made()
        try await TestTable.putVersion(
            storage, after: base, { $0.fragments[0].files[0].fileSizeBytes += 1 },
            transaction: .with { $0.append = .init() })
        try await expectFailure([.conflict], "another file") { try await delete(addresses(0, 2), basedOn: base) }
    }

    @Test func discardedFilesGo() async throws {
        let base = try await made()
        let writer = DeletionWriter(base, .relaxed)
        _ = try await writer.delete(addresses(0, 1) + addresses(1, 1), predicate: "")
        #expect(try await storage.names(in: ObjectKey("_deletions")).count == 2 && writer.bytesWritten > 0)
        await writer.discard()
        #expect(try await storage.names(in: ObjectKey("_deletions")).isEmpty)
        try await expectFailure([.corrupt], "no such fragment") {
            try await writer.delete(addresses(7, 1), predicate: "")
        }
    }

    /// Rows that take the place of others have their ids, and when they were made.
    @Test func updatedRowsKeepTheirIDs() async throws {
        try await TestTable.overwrite(0..<10, table, basedOn: nil)
        try await TestTable.putVersion(
            storage, after: table.latest(),
            { proto in
                proto.readerFeatureFlags = FeatureFlags.stableRowIDs.rawValue
                proto.writerFeatureFlags = FeatureFlags.stableRowIDs.rawValue
                proto.fragments = []
            })
        let base = try await TestTable.append(0..<10, table)
        let deletion = try await DeletionWriter(base, .relaxed).delete(addresses(1, 4, 9), predicate: "")
        let update = Operation.update(
            deletion, adding: try await TestTable.fragments(40..<43, in: table),
            replaced: [addresses(1, 9)[0], nil, addresses(1, 4)[0]])
        let snapshot = try await table.commit(update, basedOn: base).snapshot
        let reader = try #require(snapshot.fragmentReaders.last)
        let ids = try await snapshot.rowIDs(of: reader)
        #expect((0..<3).map { ids.id(at: $0) } == [9, 10, 4])
        #expect(snapshot.manifest.proto.nextRowID == 11)
        let proto = reader.fragment.proto
        let made = try ProtoRowVersionSequence(serializedBytes: proto.inlineCreatedAtVersions)
        #expect(made.runs.map(\.version) == [base.version, snapshot.version, base.version])
        let changed = try ProtoRowVersionSequence(serializedBytes: proto.inlineLastUpdatedAtVersions)
        #expect(changed.runs.map(\.version) == [snapshot.version])
        try await expectFailure([.invalidArgument], "rows without a place") {
            let deletion = try await DeletionWriter(snapshot, .relaxed).delete(addresses(1, 1), predicate: "")
            let fragments = try await TestTable.fragments(50..<52, in: table)
            return try await table.commit(.update(deletion, adding: fragments, replaced: [nil]), basedOn: snapshot)
        }
    }

    // MARK: Old versions

    @Test func restore() async throws {
        let base = try await made()
        let (gone, _) = try await delete(addresses(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), basedOn: base)
        try await TestTable.append(70..<71, table)
        let restored = try await table.restore(.number(2)).snapshot
        #expect(restored.version == 5)
        #expect(try await TestTable.ids(restored) == Array(0..<15))
        // Ids that were given in between are not given again.
        #expect(gone.fragments.map(\.id) == [1])
        #expect(try await TestTable.append(80..<81, table).fragments.map(\.id) == [0, 1, 3])
        try await expectFailure([.notFound], "no such version") { try await table.restore(.number(77)) }
        let reserved = try await table.restore(.number(6)).snapshot
        #expect(reserved.version == 7)
    }

    @Test func pinnedTables() async throws {
        _ = try await made()
        let old = Table(storage, pinned: .number(1))
        #expect(try await TestTable.ids(old.latest()) == Array(0..<10))
        #expect(try await old.latest() === old.latest())
        try await TestTable.append(20..<21, table)
        #expect(try await old.latest().version == 1)
        let base = try await old.latest()
        try await expectFailure([.unsupported], "a commit") { try await old.commit(.append([]), basedOn: base) }
        try await expectFailure([.notFound], "no such version") {
            try await Table(storage, pinned: .number(9)).latest()
        }
    }

    @Test func tags() async throws {
        let base = try await made()
        try await table.createTag("one", on: table.snapshot(.number(1)))
        try await table.createTag("two.b_C-3", on: base)
        #expect(try await table.tags() == [Tag(name: "one", version: 1), Tag(name: "two.b_C-3", version: 2)])
        let tagged = Table(storage, pinned: .tag("one"))
        #expect(try await TestTable.ids(tagged.latest()) == Array(0..<10))
        try await expectFailure([.invalidArgument], "a name twice") { try await table.createTag("one", on: base) }
        for name in ["", ".a", "a.", "a..b", "a/b", "a b", "ä", "x.lock", "../x"] {
            try await expectFailure([.invalidArgument], name) { try await table.createTag(name, on: base) }
        }
        try await table.deleteTag("one")
        let failure = try await expectFailure([.notFound], "no such tag") { try await table.deleteTag("one") }
        #expect(failure.message.contains("two.b_C-3"))
        try await expectFailure([.notFound], "no such tag") { try await tagged.latest() }
        // Another version under the same name is seen.
        try await table.createTag("one", on: base)
        #expect(try await TestTable.ids(tagged.latest()) == Array(0..<15))
        // A damaged tag says so, and one of a branch is not the table's.
        _ = try await storage.putIfAbsent(Tag.key("bad"), Array("{}".utf8), .relaxed)
        try await expectFailure([.corrupt], "a bad tag") { try await table.snapshot(.tag("bad")) }
        _ = try await storage.putIfAbsent(
            Tag.key("far"), Array(#"{"branch": "b", "version": 1, "manifestSize": 3}"#.utf8), .relaxed)
        try await expectFailure([.unsupported], "a branch's tag") { try await table.snapshot(.tag("far")) }
    }
}
