// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceFile
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import Synchronization
import TestSupport
import Testing

/// Commits whose outcome the storage does not tell, or tells wrong.
struct CommitOutcomeTests {
    private let storage = MemoryStorage()
    private let table: Table

    init() { table = Table(storage, .relaxed) }

    private func index(_ byte: UInt8) -> ProtoIndexMetadata {
        .with {
            $0.uuid.uuid = Data(repeating: byte, count: 16)
            $0.name = "index \(byte)"
        }
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

    /// The same, and others build on it and clean it up before anybody looks: its rows are there once.
    @Test func aPutThatLandedAndWasDeniedAndCleanedUp() async throws {
        var unknown = 0
        for step in 0..<25 {
            let storage = MemoryStorage()
            let other = Table(storage, .relaxed)
            let base = try await TestTable.overwrite(0..<3, other, basedOn: nil)
            let fragments = try await TestTable.fragments(3..<5, in: other)
            let pausing = PausingStorage(storage, before: step) {
                _ = try await TestTable.append(10..<12, other)
                let policy = CleanupPolicy(replacedBefore: .infinity, keep: 1, unnamedBefore: nil)
                return try await !Cleaner(other, policy).run().versionsRemoved.isEmpty
            }
            let faulty = FaultyStorage(pausing)
            faulty.denyPuts()
            var isDone: Bool?
            do {
                _ = try await Table(faulty, .relaxed).commit(.append(fragments), basedOn: base)
                isDone = true
            } catch let failure as Failure {
                if failure.code != .commitUnknown { isDone = false }
            }
            if isDone == nil { unknown += 1 }
            let ids = try await TestTable.ids(Table(storage).latest()).sorted()
            let others = pausing.outcome == nil ? [] : [10, 11]
            let isThere = ids == Array(0..<5) + others
            #expect(isThere || ids == Array(0..<3) + others, "step \(step): \(ids)")
            #expect(isDone == nil || isDone == isThere, "step \(step)")
        }
        #expect(unknown > 0)
    }

    /// A storage whose newest manifest is listed and never there.
    @Test func aManifestThatIsOnlyListed() async throws {
        let base = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        let fragments = try await TestTable.fragments(3..<5, in: table)
        let faulty = FaultyStorage(storage)
        faulty.suffer(
            .init(at: 0, isLasting: true) { operation in
                guard case .open(let key) = operation, key.description.contains("_versions") else { return nil }
                return Failure(.notFound, "it is not there")
            })
        try await expectFailure([.io], "a manifest that is only listed") {
            try await Table(faulty, .relaxed).commit(.append(fragments), basedOn: base)
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

    /// The task is cancelled while its slow commit is on its way: what was made is not said to be unknown.
    @Test func slowCommitsOfCancelledTasks() async throws {
        var made = 0
        for step in 0..<12 {
            let storage = MemoryStorage()
            let other = Table(storage, .relaxed)
            let base = try await TestTable.overwrite(0..<3, other, basedOn: nil)
            let fragments = try await TestTable.fragments(3..<5, in: other)
            let start = ContinuousClock.now
            let isLate = Mutex(false)
            let faulty = FaultyStorage(
                PausingStorage(storage, before: step) {
                    isLate.withLock { $0 = true }
                    withUnsafeCurrentTask { $0?.cancel() }
                    return true
                })
            // As an object store does.
            faulty.suffer(.init(at: 0, isLasting: true) { _ in Task.isCancelled ? CancellationError() : nil })
            let table = Table(faulty, .relaxed, now: { isLate.withLock { $0 } ? start + .seconds(2) : start })
            let outcome = await Task { try await table.commit(.append(fragments), basedOn: base) }.result
            let isThere = try await other.latest().version == 2
            switch outcome {
            case .success:
                #expect(isThere)
                made += isLate.withLock { $0 } ? 1 : 0
            case .failure(let error): #expect(!isThere && error is CancellationError, "step \(step): \(error)")
            }
        }
        #expect(made > 0)
    }

    /// A version is cleaned up while it is restored. The newest version is whole, and who is told that nothing has
    /// happened finds the old contents; where going back fails, it is told.
    @Test(arguments: [false, true]) func restoresOfWhatIsCleanedUp(_ failsToGoBack: Bool) async throws {
        var outcomes: [Failure.Code: Int] = [:]
        for (step, keep) in (0..<15).flatMap({ step in [1, 2].map { (step, $0) } }) {
            let storage = MemoryStorage()
            let other = Table(storage, .relaxed)
            let first = try await TestTable.overwrite(0..<3, other, basedOn: nil)
            try await TestTable.overwrite(5..<8, other, basedOn: first)
            let pausing = PausingStorage(storage, before: step) {
                let policy = CleanupPolicy(replacedBefore: .infinity, keep: keep, unnamedBefore: nil)
                return try await !Cleaner(other, policy).run().versionsRemoved.isEmpty
            }
            let faulty = FaultyStorage(pausing)
            let puts = Mutex(0)
            faulty.suffer(
                .init(at: 0, isLasting: true) { operation in
                    guard failsToGoBack, case .put = operation else { return nil }
                    let number = puts.withLock { puts in
                        puts += 1
                        return puts
                    }
                    return number > 1 ? Failure(.network, "the line is cut") : nil
                })
            do {
                _ = try await Table(faulty, .relaxed).restore(.number(1))
            } catch let failure as Failure {
                outcomes[failure.code, default: 0] += 1
                if failure.code == .notFound { #expect(try await TestTable.ids(other.latest()) == [5, 6, 7]) }
                if failsToGoBack, puts.withLock({ $0 }) > 1 {
                    #expect(failure.code == .commitUnknown)
                    continue
                }
            }
            _ = try await TestTable.ids(other.latest())
        }
        #expect(outcomes[.notFound] != nil && (!failsToGoBack || outcomes[.commitUnknown] != nil), "\(outcomes)")
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
}
