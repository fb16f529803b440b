// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import LanceFile
import LanceTable
import ObjectStorage
import SwiftProtobuf
import Testing
import TestSupport

struct CommitTests {
    private let storage = MemoryStorage()
    private let table: Table

    init() { table = Table(storage, .relaxed) }

    private func index(_ byte: UInt8) -> ProtoIndexMetadata {
        .with {
            $0.uuid.uuid = Data(repeating: byte, count: 16)
            $0.name = "index \(byte)"
        }
    }

    // MARK: Ids

    @Test func appendsFollowTheHighestIdEver() async throws {
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        #expect(first.version == 1 && first.fragments.map(\.id) == [0])
        #expect(first.scheme == .v2 && first.manifest.proto.dataFormat.version == "2.0")
        try await TestTable.putVersion(storage, after: first) { $0.maxFragmentID = 41 }
        let third = try await TestTable.append(3..<5, table)
        #expect(third.fragments.map(\.id) == [0, 42] && third.manifest.proto.maxFragmentID == 42)
        // The highest id is not said: that of the fragments counts.
        try await TestTable.putVersion(storage, after: third) { $0.clearMaxFragmentID() }
        let fifth = try await TestTable.append(5..<6, table)
        #expect(fifth.fragments.map(\.id) == [0, 42, 43])
        #expect(try await TestTable.ids(fifth) == Array(0..<6))
    }

    @Test func anOverwriteGoesOnCounting() async throws {
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        let second = try await TestTable.append(3..<5, table)
        let indexed = try await table.commit(.createIndex(new: [index(1)], removed: []), basedOn: second).snapshot
        #expect(indexed.indices.count == 1 && indexed.version == 3)
        let fourth = try await TestTable.overwrite(10..<12, table, basedOn: indexed)
        #expect(fourth.fragments.map(\.id) == [2] && fourth.indices.isEmpty)
        #expect(try await TestTable.ids(fourth) == [10, 11])
        #expect(try await TestTable.ids(first) == [0, 1, 2], "the old version is still there")
    }

    @Test func idsRunOut() async throws {
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        try await TestTable.putVersion(storage, after: first) { proto in
            proto.fragments[0].id = UInt64(UInt32.max)
            proto.clearMaxFragmentID()
        }
        let fragments = try await TestTable.fragments(3..<4, in: table)
        let latest = try await table.latest()
        try await expectFailure([.unsupported], "an append") {
            try await table.commit(.append(fragments), basedOn: latest)
        }
        #expect(try await table.latest().version == 2)
    }

    @Test func versionsRunOut() async throws {
        try await TestTable.putVersion(storage, after: nil) { $0.version = UInt64(Int64.max) }
        let latest = try await table.latest()
        try await expectFailure([.corrupt], "a commit") { try await table.commit(.append([]), basedOn: latest) }
    }

    @Test func indicesComeAndGo() async throws {
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        let two = try await table.commit(.createIndex(new: [index(1), index(2)], removed: []), basedOn: first).snapshot
        #expect(two.indices.map(\.name) == ["index 1", "index 2"])
        let one = try await table.commit(.createIndex(new: [index(3)], removed: [index(1)]), basedOn: two).snapshot
        #expect(one.manifest.indices == [index(2), index(3)])
    }

    // MARK: Conflicts

    private static let transactions: [(String, ProtoTransaction.OneOf_Operation?)] = [
        ("append", .append(.init())), ("delete", .delete(.init())), ("overwrite", .overwrite(.init())),
        ("create index", .createIndex(.init())), ("rewrite", .rewrite(.init())), ("merge", .merge(.init())),
        ("restore", .restore(.init())), ("reserve fragments", .reserveFragments(.init())), ("update", .update(.init())),
        ("project", .project(.init())), ("update config", .updateConfig(.init())),
        ("data replacement", .dataReplacement(.init())),
        ("update MemWAL state", .updateMemWalState(.init())), ("clone", .clone(.init())),
        ("update bases", .updateBases(.init())),
        ("unknown", nil),
    ]

    /// Another writer's commit in between, told by the manifest itself or by a transaction file.
    @Test(arguments: [true, false]) func everyOtherCommit(_ isInline: Bool) async throws {
        for (name, operation) in Self.transactions {
            for kind in [LanceTable.Operation.Kind.append, .overwrite, .createIndex, .delete, .update, .restore] {
                let storage = MemoryStorage()
                let table = Table(storage, .relaxed)
                let base = try await TestTable.overwrite(0..<3, table, basedOn: nil)
                let theirs = ProtoTransaction.with { $0.operation = operation }
                if !isInline {
                    _ = try await storage.putIfAbsent(
                        ObjectKey("_transactions/x.txn"), theirs.serializedBytes(), .relaxed)
                }
                try await TestTable.putVersion(
                    storage, after: base, { $0.transactionFile = isInline ? "" : "x.txn" },
                    transaction: isInline ? theirs : nil)
                let mine = try await prepared(kind, on: base, table)
                switch ConflictRules.verdict(mine.change, after: Change(theirs)) {
                case .rebase:
                    #expect(try await table.commit(mine.operation, basedOn: base).snapshot.version == 3)
                case let verdict:
                    let code: Failure.Code = verdict == .conflict ? .conflict : .incompatible
                    let failure = try await expectFailure([code], "\(kind) after \(name)") {
                        try await table.commit(mine.operation, basedOn: base)
                    }
                    #expect(failure.message.contains("version 2 (\(name))"))
                    #expect(try await table.latest().version == 2)
                    #expect(try await storage.names(in: ObjectKey("_transactions")).filter { $0 != "x.txn" }.count == 1)
                }
            }
        }
    }

    /// An operation of a kind that concerns the base's first fragment.
    private func prepared(_ kind: LanceTable.Operation.Kind, on base: Snapshot, _ table: Table) async throws
        -> (operation: LanceTable.Operation, change: Change)
    {
        var change = Change(kind)
        func deletion() async throws -> RowDeletion {
            try await DeletionWriter(base, .relaxed).delete([RowAddress(fragment: 0, offset: 1)], predicate: "")
        }
        switch kind {
        case .append: return (.append(try await TestTable.fragments(3..<5, in: table)), change)
        case .overwrite:
            let fragments = try await TestTable.fragments(3..<5, in: table)
            return (.overwrite(fields: try TestTable.fields(), fragments: fragments, version: .v2_0), change)
        case .delete:
            change.fragments = [0]
            return (.delete(try await deletion()), change)
        case .update:
            change.fragments = [0]
            let fragments = try await TestTable.fragments(1..<2, in: table)
            return (.update(try await deletion(), adding: fragments, replaced: [nil]), change)
        case .restore: return (.restore(base.manifest), change)
        default:
            change.indexNames = ["index 1"]
            // An index that does not say what it covers may cover anything.
            change.covered = nil
            return (.createIndex(new: [index(1)], removed: []), change)
        }
    }

    /// An index follows deleted rows and lost fragments, but no fragment with other files.
    @Test func anIndexFollowsDeletions() async throws {
        let changes: [(String, (inout ProtoManifest) -> Void, Bool)] = [
            ("rows deleted", { $0.fragments[0].deletionFile = .with { $0.numDeletedRows = 1 } }, true),
            ("a fragment gone", { $0.fragments.removeFirst() }, true),
            ("all fragments gone", { $0.fragments = [] }, false),
            ("a column rewritten", { $0.fragments[1].files[0].path = "other.lance" }, false),
            ("rows added to a fragment", { $0.fragments[1].physicalRows += 1 }, false),
            ("columns changed", { $0.fields[0].name = "other" }, false),
        ]
        for (name, change, isSafe) in changes {
            for theirs in [ProtoTransaction.OneOf_Operation.delete(.init()), .update(.init())] {
                let storage = MemoryStorage()
                let table = Table(storage, .relaxed)
                try await TestTable.overwrite(0..<3, table, basedOn: nil)
                let base = try await TestTable.append(3..<5, table)
                try await TestTable.putVersion(
                    storage, after: base,
                    {
                        $0.transactionFile = ""; change(&$0)
                    },
                    transaction: .with { $0.operation = theirs })
                if isSafe {
                    let mine = try await table.commit(.createIndex(new: [index(1)], removed: []), basedOn: base)
                    #expect(mine.snapshot.version == 4 && mine.snapshot.indices.count == 1, "\(name)")
                } else {
                    try await expectFailure([name == "columns changed" ? .incompatible : .conflict], name) {
                        try await table.commit(.createIndex(new: [index(1)], removed: []), basedOn: base)
                    }
                }
            }
        }
    }

    @Test func aVersionThatTellsNothingIsAConflict() async throws {
        let base = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        try await TestTable.putVersion(storage, after: base) { $0.transactionFile = "" }
        let fragments = try await TestTable.fragments(3..<5, in: table)
        try await expectFailure([.conflict], "no transaction") {
            try await table.commit(.append(fragments), basedOn: base)
        }
    }

    /// Versions are removed under a slow writer's feet: the next number is free, and yet not the next.
    @Test func aFreeNumberIsNotTheNextVersion() async throws {
        let base = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        try await TestTable.append(3..<5, table)
        let newest = try await TestTable.append(5..<7, table)
        try await storage.delete(ObjectKey("_versions/" + NamingScheme.v2.name(of: 2)))
        let mine = try await TestTable.append(7..<9, table, basedOn: base)
        #expect(mine.version == newest.version + 1)
        #expect(try await TestTable.ids(Table(storage).latest()) == Array(0..<9))
        // The same with an overwrite among the newer ones: its rows must not be lost.
        try await TestTable.overwrite(20..<22, table, basedOn: mine)
        let fragments = try await TestTable.fragments(9..<10, in: table)
        await #expect(throws: Failure.self) { try await table.commit(.append(fragments), basedOn: base) }
    }

    @Test func aTableThatWasReplacedIsAConflict() async throws {
        try await TestTable.overwrite(0..<3, table, basedOn: nil)
        let old = try await TestTable.append(3..<5, table)
        for entry in try await storage.walk() { try await storage.delete(entry.key) }
        let fragments = try await TestTable.fragments(5..<6, in: table)
        try await expectFailure([.conflict], "nothing is there") {
            try await table.commit(.append(fragments), basedOn: old)
        }
        try await TestTable.overwrite(10..<12, table, basedOn: nil)
        try await expectFailure([.conflict], "another is there") {
            try await table.commit(.append(fragments), basedOn: old)
        }
        #expect(try await TestTable.ids(table.latest()) == [10, 11])
    }

    /// Of several who make the table one does; nobody's rows are replaced unseen.
    @Test func oneMakesTheTable() async throws {
        for _ in 0..<30 {
            let storage = MemoryStorage()
            let made = try await withThrowingTaskGroup(of: Int.self) { group in
                for task in 0..<6 {
                    group.addTask {
                        let table = Table(storage, .relaxed)
                        do {
                            try await TestTable.overwrite(task * 10..<task * 10 + 3, table, basedOn: nil)
                            return 1
                        } catch let failure as Failure where failure.code == .conflict {
                            return 0
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(made == 1)
            #expect(try await Table(storage).versions().map(\.version) == [1])
        }
    }

    @Test func twentyLostRacesAreAConflict() async throws {
        let faulty = FaultyStorage(storage)
        let table = Table(faulty, .relaxed)
        let base = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        let fragments = try await TestTable.fragments(3..<4, in: table)
        faulty.fail(nil)
        faulty.refusePuts()
        let failure = try await expectFailure([.conflict], "no put succeeds") {
            try await table.commit(.append(fragments), basedOn: base)
        }
        #expect(failure.message.contains("20"))
        let puts = faulty.operations.count { if case .put = $0 { true } else { false } }
        #expect(puts == 20)
        #expect(try await storage.names(in: ObjectKey("_transactions")).count == 1)
    }

    // MARK: Many writers

    @Test func eightAppendersInMemory() async throws { try await eightAppenders(MemoryStorage()) }

    @Test func eightAppendersOnDisk() async throws {
        let place = try TemporaryDirectory()
        try await eightAppenders(LocalStorage(path: place.appending("t")))
    }

    /// Each with a table object of its own, as separate processes would have.
    private func eightAppenders(_ storage: any ObjectStorage) async throws {
        try await TestTable.overwrite(0..<1, Table(storage, .relaxed), basedOn: nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    let table = Table(storage, .relaxed)
                    for round in 0..<25 {
                        let first = 1 + (task * 25 + round) * 2
                        let fragments = try await TestTable.fragments(first..<first + 2, in: table)
                        while true {
                            do {
                                let mine = try await table.commit(.append(fragments), basedOn: table.latest()).snapshot
                                try check(
                                    mine.manifest.proto.fragments.contains { $0.files == fragments[0].files },
                                    "my fragment")
                                // Our own commit, or what came after it, is seen at once.
                                try check(try await table.latest().version >= mine.version, "my commit is not seen")
                                break
                            } catch let failure as Failure where failure.code == .conflict {
                                continue
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let table = Table(storage)
        let latest = try await table.latest()
        #expect(try await table.versions().map(\.version) == Array(1...201))
        #expect(try await TestTable.ids(latest).sorted() == Array(0..<401))
        #expect(latest.fragments.map(\.id) == Array(0...200))
        #expect(try await storage.names(in: ObjectKey("_transactions")).count == 201)
        #expect(try await storage.names(in: ObjectKey("_versions")).count == 201)
    }
}
