// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import LanceFile
import LanceTable
import ObjectStorage
import SwiftProtobuf
import Synchronization
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

    /// The storage takes our own manifest for somebody else's: the commit has happened all the same, and once.
    @Test func aPutThatLandedAndWasDenied() async throws {
        let faulty = FaultyStorage(storage)
        let table = Table(faulty, .relaxed)
        faulty.denyPuts()
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        #expect(first.version == 1)
        let fragments = try await TestTable.fragments(3..<5, in: table)
        let second = try await table.commit(.append(fragments), basedOn: first)
        #expect(second.snapshot.version == 2 && second.previous?.version == 1 && second.bytesWritten > 100)
        // After a rebase, too.
        let third = try await TestTable.append(5..<6, table, basedOn: first)
        let fourth = try await table.commit(.createIndex(new: [index(1)], removed: []), basedOn: third)
        #expect(fourth.snapshot.version == 4 && fourth.previous?.version == 3)
        let fifth = try await TestTable.overwrite(7..<9, table, basedOn: fourth.snapshot)
        #expect(fifth.version == 5)
        #expect(try await TestTable.ids(third) == Array(0..<6))
        #expect(try await TestTable.ids(Table(storage).latest()) == [7, 8])
        #expect(try await table.versions().map(\.version) == Array(1...5))
        #expect(try await storage.names(in: ObjectKey("_transactions")).count == 5)
        // Somebody else's table is not ours.
        try await expectFailure([.conflict], "a table that is there") {
            try await TestTable.overwrite(0..<3, table, basedOn: nil)
        }
    }

    /// The same, and nobody can be asked afterwards: then it is not known, and nothing is removed.
    @Test func aPutThatLandedAndWasDeniedBeforeAFailure() async throws {
        for (failing, isLasting) in (0..<40).map({ ($0 / 2, $0 % 2 == 1) }) {
            let storage = MemoryStorage()
            let faulty = FaultyStorage(storage)
            let table = Table(faulty, .relaxed)
            let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
            let fragments = try await TestTable.fragments(3..<5, in: table)
            faulty.denyPuts()
            faulty.suffer(.init(at: failing, isLasting: isLasting) { Failure(.network, "gone (\($0))") })
            do {
                let commit = try await table.commit(.append(fragments), basedOn: first)
                #expect(commit.snapshot.version == 2)
            } catch let failure as Failure {
                let isThere = try await Table(storage).latest().version == 2
                #expect(!isThere || failure.code == .commitUnknown, "\(failing): \(failure)")
                let files = try await storage.names(in: ObjectKey("_transactions"))
                #expect(!isThere || files.count == 2)
            }
            let ids = try await TestTable.ids(Table(storage).latest())
            #expect(ids == Array(0..<3) || ids == Array(0..<5))
        }
    }

    /// Who cancels may learn that it was too late.
    @Test func aCancelledPutThatLandedAndWasDenied() async throws {
        let storage = storage
        try await TestTable.overwrite(0..<3, table, basedOn: nil)
        for step in 0..<12 {
            let base = try await table.latest()
            let fragments = try await TestTable.fragments(3..<4, in: table)
            let before = try await table.latest().version
            let task = Task {
                let faulty = FaultyStorage(
                    PausingStorage(storage, before: step) {
                        withUnsafeCurrentTask { $0?.cancel() }
                        return true
                    })
                faulty.denyPuts()
                return try await Table(faulty, .relaxed).commit(.append(fragments), basedOn: base)
            }
            let outcome = await task.result
            let newest = try await table.latest()
            switch outcome {
            case .success(let commit):
                #expect(newest.version == before + 1 && commit.snapshot.version == newest.version)
            case .failure(let error): #expect(newest.version == before, "step \(step): \(error)")
            }
            _ = try await TestTable.ids(newest)
        }
    }

    /// Others use the number of a slow commit, and clean up: it is not acknowledged without being in the newest version.
    @Test(arguments: [false, true]) func numbersThatWereUsedBefore(_ isNew: Bool) async throws {
        var unknown = 0
        for step in 0..<20 {
            let storage = MemoryStorage()
            let start = ContinuousClock.now
            let isLate = Mutex(false)
            let other = Table(storage, .relaxed)
            let base = isNew ? nil : try await TestTable.overwrite(0..<3, other, basedOn: nil)
            let pausing = PausingStorage(storage, before: step) {
                isLate.withLock { $0 = true }
                if isNew { try await TestTable.overwrite(50..<52, other, basedOn: nil) }
                for first in [10, 20, 30] { _ = try await TestTable.append(first..<first + 2, other) }
                let policy = CleanupPolicy(replacedBefore: .infinity, keep: 1, unnamedBefore: nil)
                return try await Cleaner(other, policy).run().versionsRemoved.isEmpty == false
            }
            let table = Table(pausing, .relaxed, now: { isLate.withLock { $0 } ? start + .seconds(2) : start })
            let fragments = try await TestTable.fragments(3..<5, in: Table(storage))
            do {
                let operation: LanceTable.Operation =
                    isNew
                    ? .overwrite(fields: try TestTable.fields(), fragments: fragments, version: .v2_0)
                    : .append(fragments)
                let made = try await table.commit(operation, basedOn: base).snapshot
                let newest = try await Table(storage).latest()
                #expect(
                    newest.fragments.contains { $0.proto.files == fragments[0].files }, "step \(step): \(made.version)")
            } catch let failure as Failure {
                #expect([.conflict, .commitUnknown].contains(failure.code), "\(failure)")
                if failure.code == .commitUnknown { unknown += 1 }
            }
            guard pausing.outcome != nil else {
                #expect(unknown > 0 && step > 2)
                return
            }
        }
        Issue.record("a commit of more than twenty steps")
    }

    @Test func aCancelledCommitLeavesNothing() async throws {
        let base = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        let fragments = try await TestTable.fragments(3..<4, in: table)
        let table = table
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await table.commit(.append(fragments), basedOn: base)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await table.latest().version == 1)
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
