// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import LanceTable
import ObjectStorage
import Testing
import TestSupport

/// A commit is seen by everybody at once: however soon after the last look it comes.
struct FreshnessTests {
    @Test func commitsOfOthersAreSeenAtOnce() async throws {
        let place = try TemporaryDirectory()
        for storage in [LocalStorage(path: place.appending("t")), MemoryStorage()] as [any ObjectStorage] {
            let reader = Table(storage)
            let writer = Table(storage, .relaxed)
            #expect(try await reader.latestIfAny() == nil)
            var last = try await TestTable.overwrite(0..<1, writer, basedOn: nil)
            for round in 1..<150 {
                #expect(try await reader.latest().version == last.version)
                // The second look may answer from memory, and must not answer too long.
                #expect(try await reader.latest().version == last.version)
                last = try await writer.commit(.append([]), basedOn: last).snapshot
                let seen = try await reader.latest()
                #expect(seen.version == last.version && last.version == UInt64(round) + 1)
            }
        }
    }

    @Test func settledTablesCostNoListing() async throws {
        let place = try TemporaryDirectory()
        let storage = FaultyStorage(LocalStorage(path: place.appending("t")))
        let writer = Table(LocalStorage(path: place.appending("t")), .relaxed)
        let reader = Table(storage)
        var last = try await TestTable.overwrite(0..<1, writer, basedOn: nil)
        for _ in 0..<3 {
            try await Task.sleep(for: .milliseconds(80))
            let first = try await reader.latest()
            storage.fail(nil)
            for _ in 0..<5 { #expect(try await reader.latest() === first) }
            #expect(storage.operations.isEmpty, "\(storage.operations)")
            last = try await writer.commit(.append([]), basedOn: last).snapshot
            #expect(try await reader.latest().version == last.version)
        }
    }

    /// A directory of the same name, with the same version numbers, and as the file system likes it the same inodes.
    @Test func aTableMadeAnewIsSeenAtOnce() async throws {
        let place = try TemporaryDirectory()
        let path = place.appending("t")
        let reader = Table(LocalStorage(path: path))
        for round in 0..<150 {
            let made = try await TestTable.overwrite(
                round..<round + 2, Table(LocalStorage(path: path), .relaxed), basedOn: nil)
            let seen = try await reader.latest()
            #expect(seen.version == 1)
            #expect(seen.manifest.proto.fragments == made.manifest.proto.fragments, "round \(round)")
            if round % 3 == 0 {
                // Settled or not, the next table is another one.
                if round % 9 == 0 { try await Task.sleep(for: .milliseconds(70)) }
                _ = try await reader.latest()
            }
            try FileManager.default.removeItem(atPath: path)
            if round % 2 == 0 { #expect(try await reader.latestIfAny() == nil) }
        }
    }

    @Test func fewerVersionsThanBeforeAreSeen() async throws {
        let place = try TemporaryDirectory()
        let path = place.appending("t")
        for storage in [LocalStorage(path: path), MemoryStorage()] as [any ObjectStorage] {
            let counted = FaultyStorage(storage)
            let reader = Table(counted)
            let writer = Table(storage, .relaxed)
            var last = try await TestTable.overwrite(0..<2, writer, basedOn: nil)
            for _ in 0..<4 { last = try await writer.commit(.append([]), basedOn: last).snapshot }
            #expect(try await reader.latest().version == 5)
            for entry in try await storage.walk() { try await storage.delete(entry.key) }
            try await TestTable.overwrite(7..<9, writer, basedOn: nil)
            #expect(try await TestTable.ids(reader.latest()) == [7, 8])
            try await Task.sleep(for: .milliseconds(80))
            _ = try await reader.latest()
            // It is remembered again, too.
            counted.fail(nil)
            #expect(try await reader.latest().version == 1)
            #expect(counted.operations.isEmpty, "\(counted.operations)")
        }
    }

    @Test func manyReadersWhileVersionsCome() async throws {
        let place = try TemporaryDirectory()
        let storage = LocalStorage(path: place.appending("t"))
        let table = Table(storage, .relaxed)
        try await TestTable.overwrite(0..<2, table, basedOn: nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 1..<60 { try await TestTable.append(round * 2..<round * 2 + 2, table) }
            }
            for _ in 0..<4 {
                group.addTask {
                    var last: UInt64 = 0
                    while last < 60 {
                        // Nothing here ever waits; other tests have their turn too.
                        await Task.yield()
                        let snapshot = try await table.latest()
                        try check(snapshot.version >= last, "version \(snapshot.version) after \(last)")
                        last = snapshot.version
                        let ids = try await TestTable.ids(snapshot)
                        try check(ids == Array(0..<Int(last) * 2), "version \(last) has the rows \(ids)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(ProcessGauge.openFiles(under: place.path) ?? 0 == 0)
    }

    /// Versions are removed while others look for the newest: they find it.
    @Test func cleaningDoesNotDisturbReaders() async throws {
        let storage = MemoryStorage()
        let table = Table(storage, .relaxed)
        try await TestTable.overwrite(0..<2, table, basedOn: nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 1..<80 {
                    let snapshot = try await TestTable.overwrite(round..<round + 2, table, basedOn: table.latest())
                    await table.removeReplaced(before: snapshot)
                }
            }
            for _ in 0..<3 {
                group.addTask {
                    let reader = Table(storage)
                    var last: UInt64 = 0
                    while last < 80 {
                        await Task.yield()
                        // Three vanished manifests in a row are an error that says so.
                        guard let snapshot = try? await reader.latest() else { continue }
                        try check(snapshot.version >= last, "version \(snapshot.version) after \(last)")
                        last = snapshot.version
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await table.versions().map(\.version) == [80])
    }
}
