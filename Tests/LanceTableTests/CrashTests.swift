// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import LanceTable
import ObjectStorage
import Testing
import TestSupport

/// What a commit asks of the storage, in which order, and what is left when a step of it fails.
struct CrashTests {
    @Test(arguments: [WriteDurability.full, .relaxed]) func theOrderOfAnAppend(_ durability: WriteDurability)
        async throws
    {
        let storage = FaultyStorage(MemoryStorage())
        let table = Table(storage, durability)
        let base = try await TestTable.overwrite(0..<3, Table(storage, .relaxed), basedOn: nil)
        storage.fail(nil)
        let fragments = try await TestTable.fragments(3..<6, in: table, durability)
        let commit = try await table.commit(.append(fragments), basedOn: base)
        let operations = storage.operations
        var finished = Set<String>()
        var named = 0
        for (place, operation) in operations.enumerated() {
            switch operation {
            case .create(_, let asked): #expect(asked == durability)
            case .finish(let key): finished.insert(key)
            case .put(let key, let asked):
                #expect(asked == durability)
                #expect(key == "_versions/" + NamingScheme.v2.name(of: 2))
                // All that the manifest names is complete by now.
                let proto = commit.snapshot.manifest.proto
                #expect(finished == ["data/" + fragments[0].files[0].path, "_transactions/" + proto.transactionFile])
                #expect(operations[(place + 1)...].isEmpty)
                named += 1
            case .write(let key): #expect(!finished.contains(key))
            case .delete(let key): Issue.record("\(key) was deleted")
            case .open, .names, .look: break
            }
        }
        #expect(named == 1)
        #expect(
            try await storage.size(ObjectKey("_transactions/" + commit.snapshot.manifest.proto.transactionFile)) > 0)
    }

    /// Each step of writing and committing fails once, before or after it was done.
    @Test(arguments: FaultyStorage.Fault.allCases) func everyStepMayFail(_ fault: FaultyStorage.Fault) async throws {
        for isOnDisk in [false, true] {
            for number in 0..<40 {
                let place = try TemporaryDirectory()
                let inner: any ObjectStorage = isOnDisk ? LocalStorage(path: place.appending("t")) : MemoryStorage()
                let storage = FaultyStorage(inner)
                let table = Table(storage, .full)
                let base = try await TestTable.overwrite(0..<3, table, basedOn: nil)
                let before = Set(try await inner.walk().map(\.key))
                storage.fail(number, fault)
                var failed: Failure?
                do {
                    let fragments = try await TestTable.fragments(3..<6, in: table)
                    _ = try await table.commit(.append(fragments), basedOn: base)
                } catch let failure as Failure {
                    failed = failure
                }
                let context = "step \(number) \(fault): \(storage.operations.last.map { "\($0)" } ?? "")"
                let isDone = storage.operations.count <= number
                storage.fail(nil)
                let latest = try await Table(inner).latest()
                let left = Set(try await inner.walk().map(\.key)).subtracting(before)
                switch failed?.code {
                case nil:
                    #expect(isDone, "\(context)")
                    #expect(latest.version == 2)
                    guard try await TestTable.ids(latest) == Array(0..<6) else { throw CheckFailure(context) }
                case .commitUnknown:
                    // The version is there; what it names must be, too.
                    #expect(fault == .after && latest.version == 2, "\(context)")
                    guard try await TestTable.ids(latest) == Array(0..<6) else { throw CheckFailure(context) }
                    let transaction = try ObjectKey("_transactions/" + latest.manifest.proto.transactionFile)
                    #expect(try await inner.size(transaction) > 0, "\(context)")
                default:
                    #expect(latest.version == 1, "\(context)")
                    guard try await TestTable.ids(latest) == Array(0..<3) else { throw CheckFailure(context) }
                    // At the most the data that was to be committed, which the caller knows and may use again.
                    #expect(
                        left.allSatisfy { $0.components[0] == "data" } && left.count <= 1, "\(context) left \(left)")
                    try await TestTable.append(3..<6, table, basedOn: base)
                    #expect(try await TestTable.ids(Table(inner).latest()) == Array(0..<6), "\(context), again")
                }
                if isDone { break }
                #expect(number < 39)
            }
        }
    }
}
