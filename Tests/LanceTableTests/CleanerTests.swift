// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import Testing
import TestSupport

struct CleanerTests {
    private static let everything = CleanupPolicy(replacedBefore: .infinity, keep: 1, unnamedBefore: .infinity)

    private func keys(_ storage: any ObjectStorage) async throws -> Set<String> {
        Set(try await storage.walk().map(\.key.description))
    }

    /// Three versions, the last of which needs nothing of those before.
    private func replaced(_ storage: any ObjectStorage) async throws -> Table {
        let table = Table(storage, .relaxed)
        try await TestTable.overwrite(0..<5, table, basedOn: nil)
        try await TestTable.append(5..<8, table)
        try await TestTable.overwrite(20..<22, table, basedOn: table.latest())
        return table
    }

    @Test func whatAWriterLeftGoesAndWhatIsUnknownStays() async throws {
        let storage = MemoryStorage()
        let table = try await replaced(storage)
        let left = [
            "data/left.lance", "data/left/1.blob", "data/part/left.lance", "_deletions/0-1-2.bin",
            "_indices/some/index.idx",
            "_transactions/1-x.txn", "_versions/.tmp-1", "_refs/tags/.tmp-2",
        ]
        let unknown = [
            "notes", "data/notes.txt", "data/left/notes.txt", "data/left/deep/1.blob", "_versions/other",
            "tree/b/data/x.lance", "_mem_wal/1", "_indices/x",
        ]
        for key in left + unknown { _ = try await storage.putIfAbsent(ObjectKey(key), [1, 2], .relaxed) }
        let before = try await keys(storage)
        // In memory all times are 0; nothing is older.
        var policy = Self.everything
        policy.unnamedBefore = 0
        let spared = try await Cleaner(table, policy).run(dryRun: true)
        #expect(spared.filesSpared == left.count && spared.bytesSpared == UInt64(2 * left.count))
        #expect(spared.versionsRemoved == [1, 2] && spared.filesRemoved == 2 + 2 + 2)
        let expected = try await Cleaner(table, Self.everything).run(dryRun: true)
        #expect(try await keys(storage) == before)
        let sizes = try await storage.walk().reduce(0) { $0 + $1.size }
        let result = try await Cleaner(table, Self.everything).run()
        #expect(result == expected && result.filesSpared == 0 && result.versionsKept == 1)
        let after = try await keys(storage)
        #expect(before.subtracting(after).isSuperset(of: left) && after.isSuperset(of: unknown))
        #expect(result.filesRemoved == before.count - after.count)
        #expect(try await storage.walk().reduce(0) { $0 + $1.size } == sizes - result.bytesFreed)
        #expect(try await TestTable.ids(table.latest()) == [20, 21])
        #expect(try await Cleaner(table, Self.everything).run().filesRemoved == 0)
    }

    /// A version is restored, or given a name, while a clean-up is between two of its steps: whoever is told that it is done
    /// finds it whole, and no version is without its files.
    @Test(arguments: ["restore", "tag"]) func meanwhile(_ action: String) async throws {
        var done = 0
        for step in 0..<40 {
            let storage = MemoryStorage()
            _ = try await replaced(storage)
            let other = Table(storage, .relaxed)
            let pausing = PausingStorage(storage, before: step) {
                do {
                    if action == "restore" {
                        _ = try await other.restore(.number(2))
                    } else {
                        try await other.createTag("kept", on: other.snapshot(.number(2)))
                    }
                    return true
                } catch let failure as Failure where failure.code == .notFound {
                    return false
                }
            }
            _ = try await Cleaner(Table(pausing, .relaxed), Self.everything).run()
            let reader = Table(storage)
            for name in try await reader.versions() { _ = try await TestTable.ids(reader.snapshot(name)) }
            guard let isDone = pausing.outcome else {
                #expect(done > 0 && step > 5)
                return
            }
            if isDone {
                done += 1
                let kept: VersionReference = action == "tag" ? .tag("kept") : .number(try await reader.latest().version)
                guard try await TestTable.ids(reader.snapshot(kept)) == Array(0..<8) else {
                    throw CheckFailure("step \(step): what was kept is not version 2")
                }
            } else {
                #expect(try await reader.tags().isEmpty)
                #expect(try await TestTable.ids(reader.latest()) == [20, 21])
            }
        }
        Issue.record("a clean-up of more than forty steps")
    }

    /// A version is given a name, and later an operation of the clean-up fails: whoever was told of the name finds the version.
    @Test func namesAndFailures() async throws {
        for step in 0..<30 {
            for failing in step..<step + 12 {
                let storage = MemoryStorage()
                _ = try await replaced(storage)
                let other = Table(storage, .relaxed)
                let faulty = FaultyStorage(storage)
                faulty.fail(failing)
                let pausing = PausingStorage(faulty, before: step) {
                    do {
                        try await other.createTag("kept", on: other.snapshot(.number(2)))
                        return true
                    } catch let failure as Failure where failure.code == .notFound {
                        return false
                    }
                }
                _ = try? await Cleaner(Table(pausing, .relaxed), Self.everything).run()
                guard pausing.outcome == true else { continue }
                guard try await TestTable.ids(Table(storage).snapshot(.tag("kept"))) == Array(0..<8) else {
                    throw CheckFailure("step \(step), failing \(failing)")
                }
            }
        }
    }

    /// Another clean-up runs, and a version is given a name, between two operations.
    @Test func twoAtOnce() async throws {
        for step in 0..<40 {
            let storage = MemoryStorage()
            _ = try await replaced(storage)
            let other = Table(storage, .relaxed)
            let pausing = PausingStorage(storage, before: step) {
                let isNamed = (try? await other.createTag("kept", on: other.snapshot(.number(2)))) != nil
                _ = try await Cleaner(other, Self.everything).run()
                return isNamed
            }
            do {
                _ = try await Cleaner(Table(pausing, .relaxed), Self.everything).run()
            } catch let failure as Failure where failure.code == .conflict {
                // The other has taken what this one was about to take.
            }
            guard let isNamed = pausing.outcome else { return }
            let reader = Table(storage)
            if isNamed {
                #expect(try await TestTable.ids(reader.snapshot(.tag("kept"))) == Array(0..<8), "step \(step)")
            }
            for name in try await reader.versions() { _ = try await TestTable.ids(reader.snapshot(name)) }
        }
        Issue.record("a clean-up of more than forty steps")
    }

    /// The table is removed and made anew, with versions of the same numbers. Between a look at a manifest and its removal,
    /// which is one operation, nothing can be done about it.
    @Test func anotherTable() async throws {
        var lost = 0
        for step in 0..<40 {
            let place = try TemporaryDirectory()
            let path = place.appending("t")
            _ = try await replaced(LocalStorage(path: path))
            try await Task.sleep(for: .milliseconds(20))
            let pausing = PausingStorage(LocalStorage(path: path), before: step) {
                try FileManager.default.removeItem(atPath: path)
                let table = Table(LocalStorage(path: path), .relaxed)
                try await TestTable.overwrite(50..<53, table, basedOn: nil)
                try await TestTable.append(53..<54, table)
                return true
            }
            _ = try? await Cleaner(Table(pausing, .relaxed), Self.everything).run()
            guard pausing.outcome != nil else {
                #expect(lost <= 2 && step > 12, "\(lost) of \(step)")
                return
            }
            let reader = Table(LocalStorage(path: path))
            let ids = try? await TestTable.ids(reader.latest())
            // What is planned after this moment is a clean-up of the new table.
            if ids != Array(50..<54) { lost += 1 }
            for name in try await reader.versions() { _ = try await TestTable.ids(reader.snapshot(name)) }
        }
        Issue.record("a clean-up of more than forty steps")
    }

    /// The same in a store without stamps, whose objects have tags.
    @Test func anotherTableInAStore() async throws {
        var lost = 0
        for step in 0..<40 {
            let storage = MemoryStorage()
            _ = try await replaced(storage)
            let pausing = PausingStorage(storage, before: step) {
                for entry in try await storage.walk() { try await storage.delete(entry.key) }
                let table = Table(storage, .relaxed)
                try await TestTable.overwrite(50..<53, table, basedOn: nil)
                try await TestTable.append(53..<54, table)
                return true
            }
            _ = try? await Cleaner(Table(pausing, .relaxed), Self.everything).run()
            guard pausing.outcome != nil else {
                #expect(lost <= 2 && step > 12, "\(lost) of \(step)")
                return
            }
            let reader = Table(storage)
            let ids = try? await TestTable.ids(reader.latest())
            if ids != Array(50..<54) { lost += 1 }
            for name in try await reader.versions() { _ = try await TestTable.ids(reader.snapshot(name)) }
        }
        Issue.record("a clean-up of more than forty steps")
    }

    /// A branch is made: where the clean-up notices, it has removed no file that the branch may need.
    @Test func aBranchMeanwhile() async throws {
        var noticed = 0
        for step in 0..<40 {
            let storage = MemoryStorage()
            let table = try await replaced(storage)
            let files = try await keys(storage).filter { $0.hasPrefix("data/") }
            let pausing = PausingStorage(storage, before: step) {
                _ = try await storage.putIfAbsent(ObjectKey("_refs/branches/b%2Fc.json"), [], .relaxed)
                return true
            }
            do {
                _ = try await Cleaner(Table(pausing, .relaxed), Self.everything).run()
            } catch let failure as Failure where failure.code == .unsupported {
                noticed += 1
                #expect(failure.message.contains("b/c"))
                #expect(try await keys(storage).isSuperset(of: files))
            }
            #expect(try await TestTable.ids(table.latest()) == [20, 21])
            if pausing.outcome == nil {
                #expect(noticed > 5)
                return
            }
        }
        Issue.record("a clean-up of more than forty steps")
    }

    /// A data file may stand deeper, and is needed as it is called.
    @Test func filesInDirectories() async throws {
        let storage = MemoryStorage()
        let table = Table(storage, .relaxed)
        let first = try await TestTable.overwrite(0..<5, table, basedOn: nil)
        let file = try #require(first.manifest.proto.fragments.first?.files.first?.path)
        let bytes = try await storage.open(ObjectKey("data/" + file)).view.bytes
        _ = try await storage.putIfAbsent(ObjectKey("data/part/x.lance"), bytes, .relaxed)
        try await TestTable.putVersion(storage, after: first) { $0.fragments[0].files[0].path = "part/x.lance" }
        let result = try await Cleaner(table, Self.everything).run()
        #expect(result.versionsRemoved == [1] && result.filesSpared == 0)
        #expect(try await TestTable.ids(Table(storage).latest()) == Array(0..<5))
        #expect(try await !keys(storage).contains("data/" + file))
    }

    /// Files of versions that are younger than the clean-up's view of them.
    @Test func commitsMeanwhileStayWhole() async throws {
        for step in 0..<40 {
            let storage = MemoryStorage()
            _ = try await replaced(storage)
            let other = Table(storage, .relaxed)
            let pausing = PausingStorage(storage, before: step) {
                try await TestTable.append(30..<33, other)
                try await TestTable.append(33..<34, other)
                return true
            }
            _ = try await Cleaner(Table(pausing, .relaxed), Self.everything).run()
            let reader = Table(storage)
            for name in try await reader.versions() { _ = try await TestTable.ids(reader.snapshot(name)) }
            guard pausing.outcome != nil else { return }
            #expect(try await TestTable.ids(reader.latest()) == [20, 21, 30, 31, 32, 33])
        }
        Issue.record("a clean-up of more than forty steps")
    }

    @Test func interruptionsAreHarmless() async throws {
        for number in 0..<60 {
            let storage = MemoryStorage()
            let faulty = FaultyStorage(storage)
            _ = try await replaced(storage)
            faulty.fail(number)
            let isDone: Bool
            do {
                _ = try await Cleaner(Table(faulty, .relaxed), Self.everything).run()
                isDone = true
            } catch {
                isDone = false
            }
            let reader = Table(storage)
            for name in try await reader.versions() { _ = try await TestTable.ids(reader.snapshot(name)) }
            #expect(try await TestTable.ids(reader.latest()) == [20, 21])
            if faulty.operations.count <= number {
                #expect(isDone)
                return
            }
            _ = try await Cleaner(reader, Self.everything).run()
            #expect(try await keys(storage).count == 3)
        }
        Issue.record("a clean-up of more than sixty steps")
    }

    @Test(arguments: [
        ("branches (b)", "_refs/branches/b.json", "{}", Failure.Code.unsupported),
        ("detached version", "_versions/d9223372036854775809.manifest", "x", .unsupported),
        ("tag", "_refs/tags/t.json", "{", .corrupt),
        ("manifest", "_versions/18446744073709551614.manifest", "x", .corrupt),
    ]) func nothingGoesWith(_ what: String, _ key: String, _ contents: String, _ code: Failure.Code) async throws {
        let storage = MemoryStorage()
        let table = try await replaced(storage)
        try await storage.delete(ObjectKey(key))
        _ = try await storage.putIfAbsent(ObjectKey(key), Array(contents.utf8), .relaxed)
        _ = try await storage.putIfAbsent(ObjectKey("data/left.lance"), [], .relaxed)
        let before = try await keys(storage)
        let policy = CleanupPolicy(replacedBefore: .infinity, keep: 1, unnamedBefore: 0)
        do {
            _ = try await Cleaner(table, policy).run()
            Issue.record("no error with \(what)")
        } catch let failure as Failure {
            #expect(failure.code == code && failure.description.contains(what), "\(failure)")
        }
        #expect(try await keys(storage) == before)
    }

    /// By the later of the file's time and what the manifest says.
    @Test func eitherClockMayBeBehind() async throws {
        let place = try TemporaryDirectory()
        let path = place.appending("t")
        let local = LocalStorage(path: path)
        let table = try await replaced(local)
        let now = Date().timeIntervalSince1970
        func removable(_ before: Double) async throws -> [UInt64] {
            try await Cleaner(table, CleanupPolicy(replacedBefore: before, keep: 1, unnamedBefore: nil))
                .run(dryRun: true).versionsRemoved
        }
        func touch(_ numbers: ClosedRange<UInt64>) throws {
            for number in numbers {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: now - 100_000)],
                    ofItemAtPath: path + "/_versions/" + NamingScheme.v2.name(of: number))
            }
        }
        #expect(try await removable(now - 3600) == [])
        #expect(try await removable(now + 3600) == [1, 2])
        try touch(1...3)
        #expect(try await removable(now - 3600) == [], "what was unpacked with old times")
        // Both clocks say that these are old.
        for number in [4, 5] as [UInt64] {
            try await TestTable.putVersion(local, after: table.snapshot(.number(number - 1))) {
                $0.timestamp.seconds -= 100_000
            }
        }
        try touch(1...5)
        #expect(try await removable(now - 3600) == [], "versions after young ones")
        for number in 1...3 as ClosedRange<UInt64> {
            try FileManager.default.removeItem(atPath: path + "/_versions/" + NamingScheme.v2.name(of: number))
        }
        #expect(try await removable(now - 3600) == [4])
    }
}
