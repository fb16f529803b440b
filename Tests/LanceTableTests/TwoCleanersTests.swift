// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceTable
import ObjectStorage
import Synchronization
import TestSupport
import Testing

/// Two clean-ups of one table at once, and somebody who gives a version a name meanwhile: whoever is told that the name is
/// there finds the version whole.
struct TwoCleanersTests {
    private static let everything = CleanupPolicy(replacedBefore: .infinity, keep: 1, unnamedBefore: nil)

    /// Two versions of which the first is replaced, and nobody needs it.
    private func replaced(_ table: Table) async throws -> Snapshot {
        let first = try await TestTable.overwrite(0..<3, table, basedOn: nil)
        try await TestTable.overwrite(5..<8, table, basedOn: first)
        return first
    }

    private func expectWhole(_ storage: MemoryStorage, _ what: String) async throws {
        do {
            let ids = try await TestTable.ids(Table(storage).snapshot(.tag("mine")))
            try check(ids == [0, 1, 2], "\(what): \(ids)")
        } catch {
            throw CheckFailure("\(what): \(error)")
        }
    }

    /// The second runs from its beginning to its end between two steps of the first.
    @Test func oneInsideOfTheOther() async throws {
        var (named, refused) = (0, 0)
        for first in 0..<30 {
            for second in first..<40 {
                let storage = MemoryStorage()
                let other = Table(storage, .relaxed)
                let old = try await replaced(other)
                let isNamed = Mutex(false)
                let isRefused = Mutex(false)
                let inner = PausingStorage(storage, before: first) {
                    let isDone = (try? await other.createTag("mine", on: old)) != nil
                    isNamed.withLock { $0 = isDone }
                    return isDone
                }
                let outer = PausingStorage(inner, before: second) {
                    do {
                        _ = try await Cleaner(other, Self.everything).run()
                    } catch let failure as Failure where failure.code == .conflict {
                        isRefused.withLock { $0 = true }
                    }
                    return true
                }
                do {
                    _ = try await Cleaner(Table(outer, .relaxed), Self.everything).run()
                } catch let failure as Failure where failure.code == .conflict {
                    // Nothing was removed that anybody needs.
                }
                if isRefused.withLock({ $0 }) { refused += 1 }
                guard isNamed.withLock({ $0 }), outer.outcome != nil else { continue }
                named += 1
                try await expectWhole(storage, "named before \(first), cleaned up before \(second)")
            }
        }
        #expect(named > 50 && refused > 5)
    }

    /// The second stands still while the first begins, gets to one of its steps and waits there until the second is done.
    @Test(arguments: [false, true]) func oneAroundTheOther(_ takesUnnamed: Bool) async throws {
        let policy = CleanupPolicy(
            replacedBefore: .infinity, keep: 1, unnamedBefore: takesUnnamed ? .infinity : nil)
        var named = 0
        for begin in 0..<24 {
            for (first, middle) in (0..<20).flatMap({ first in (first..<20).map { (first, $0) } }) {
                let storage = MemoryStorage()
                let other = Table(storage, .relaxed)
                let old = try await replaced(other)
                let isNamed = Mutex(false)
                let (isThere, goesOn) = (Gate(), Gate())
                let inner = PausingStorage(storage, before: first) {
                    let isDone = (try? await other.createTag("mine", on: old)) != nil
                    isNamed.withLock { $0 = isDone }
                    return isDone
                }
                let slow = PausingStorage(inner, before: middle) {
                    isThere.open()
                    await goesOn.wait()
                    return true
                }
                let task = Mutex<Task<Void, Never>?>(nil)
                let quick = PausingStorage(storage, before: begin) {
                    let started = Task {
                        _ = try? await Cleaner(Table(slow, .relaxed), policy).run()
                        isThere.open()
                    }
                    task.withLock { $0 = started }
                    await isThere.wait()
                    return true
                }
                _ = try? await Cleaner(Table(quick, .relaxed), policy).run()
                goesOn.open()
                await task.withLock { $0 }?.value
                guard isNamed.withLock({ $0 }) else { continue }
                named += 1
                try await expectWhole(storage, "begun before \(begin), named before \(first), stood before \(middle)")
            }
        }
        #expect(named > 50)
    }

    /// The name is given in steps: the first clean-up begins between two of them and stands still, the second runs from its
    /// beginning to its end, at once or a step later, and the first goes on between two later ones.
    @Test(arguments: [0, 1]) func bothWhileANameIsGiven(_ later: Int) async throws {
        var named = 0
        for (first, second) in (0..<6).flatMap({ first in (first + 1..<7).map { (first, $0) } }) {
            for middle in 0..<25 {
                let storage = MemoryStorage()
                let other = Table(storage, .relaxed)
                let old = try await replaced(other)
                let (isThere, goesOn) = (Gate(), Gate())
                let slow = PausingStorage(storage, before: middle) {
                    isThere.open()
                    await goesOn.wait()
                    return true
                }
                let task = Mutex<Task<Void, Never>?>(nil)
                // Of two before the same step, the one outside is first.
                let last = PausingStorage(storage, before: second) {
                    goesOn.open()
                    await task.withLock { $0 }?.value
                    return true
                }
                let between = PausingStorage(last, before: first + later) {
                    _ = try? await Cleaner(other, Self.everything).run()
                    return true
                }
                let begin = PausingStorage(between, before: first) {
                    let started = Task {
                        _ = try? await Cleaner(Table(slow, .relaxed), Self.everything).run()
                        isThere.open()
                    }
                    task.withLock { $0 = started }
                    await isThere.wait()
                    return true
                }
                let isNamed = (try? await Table(begin, .relaxed).createTag("mine", on: old)) != nil
                goesOn.open()
                await task.withLock { $0 }?.value
                guard isNamed else { continue }
                named += 1
                try await expectWhole(storage, "named with pauses before \(first) and \(second), \(middle)")
            }
        }
        #expect(named > 20)
    }

    /// A name of a version that never comes back is told, before anything is removed.
    @Test func aTagOfNothing() async throws {
        let storage = MemoryStorage()
        let table = Table(storage, .relaxed)
        let old = try await replaced(table)
        try await table.createTag("mine", on: old)
        let name = try #require(try await table.versions().first)
        try await storage.delete(ObjectKey("_versions/" + name.name), .full)
        let before = try await storage.walk().map(\.key)
        for dryRun in [true, false] {
            await #expect {
                try await Cleaner(table, Self.everything).run(dryRun: dryRun)
            } throws: { error in
                let failure = error as? Failure
                return failure?.code == .conflict && failure?.message.contains("'mine' names version 1") == true
            }
        }
        #expect(try await storage.walk().map(\.key) == before)
        try await table.deleteTag("mine")
        _ = try await Cleaner(table, Self.everything).run()
    }

    /// Lets others wait until it is opened.
    private final class Gate: Sendable {
        private let isOpen = Mutex(false)

        func open() { isOpen.withLock { $0 = true } }

        func wait() async { while !isOpen.withLock({ $0 }) { await Task.yield() } }
    }
}
