// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceVectorStore
package import ObjectStorage
import SystemPackage
import TestSupport

/// The operating system refuses something at every single operation of a call.
package enum FaultChecks {
    /// Once, and from then on for the rest of the call: the error says what and where and what to do, the table is as it
    /// was before or after, and the same call comes to its end when the trouble is over.
    ///
    /// - Parameter stride: fails only every so many-th operation, where other troubles have the ones between.
    package static func everyOperation(
        of call: WritingCall, _ trouble: SystemTrouble, stride: Int = 1,
        on storage: @Sendable () throws -> any ObjectStorage
    ) async throws {
        let start = try await call.start.make()
        let before = try await TableState(LanceVectorStore(start, options: options))
        let done = start.afterPowerLoss(.kept)
        try await call.perform(LanceVectorStore(done, options: options))
        let after = try await TableState(LanceVectorStore(done, options: options))
        for isLasting in [false, true] {
            var number = Int(trouble.errno.rawValue) % stride
            while true {
                let place = try storage()
                try await start.copy(to: place)
                let faulty = FaultyStorage(place, countingLooks: true)
                faulty.suffer(trouble.trouble(at: number, isLasting: isLasting, below: place.location))
                let failure = try await failure { try await call.perform(LanceVectorStore(faulty, options: options)) }
                let operations = faulty.operations
                let last = number < operations.count ? "\(operations[number])" : "the end"
                faulty.fail(nil)
                do {
                    if let failure { try checkMessage(failure, trouble, place.location) }
                    let state = try await TableState(LanceVectorStore(place, options: options))
                    try check(state == before || state == after, "found \(state), not \(before) or \(after)")
                    try check(failure != nil || state == after, "it returned, and there is \(state)")
                    if failure != nil, state == before {
                        try await call.perform(LanceVectorStore(faulty, options: options))
                        let again = try await TableState(LanceVectorStore(place, options: options))
                        try check(again == after, "again it made \(again), not \(after)")
                    }
                } catch {
                    throw CheckFailure(
                        "\(call): \(trouble) at operation \(number) (\(last))\(isLasting ? " and on" : ""), "
                            + "\(failure.map { "\($0)" } ?? "no error"): \(error)")
                }
                guard operations.count > number else { break }
                number += stride
            }
        }
    }

    /// The same of everything that only reads: an error, or the right answer; and the right answer afterwards.
    package static func everyOperation(ofReading trouble: SystemTrouble) async throws {
        let table = try await CrashTable.indexed.make()
        let query: [Float] = [0.5, -0.25, 1, 0.125]
        let calls: [(String, @Sendable (LanceVectorStore) async throws -> String)] = [
            ("count", { "\(try await $0.count())" }),
            ("row", { "\(String(describing: try await $0.row(docID: "r7")))" }),
            ("search", { "\(try await $0.search(query, topK: 5))" }),
            ("batch search", { "\(try await $0.search(batch: query + query, topK: 5))" }),
            ("stats", { "\(try await $0.stats())" }),
            ("has a vector index", { "\(try await $0.hasVectorIndex())" }),
            ("has an id index", { "\(try await $0.hasScalarIndex(column: "doc_id"))" }),
            ("versions", { "\(try await $0.versions())" }),
            ("tags", { "\(try await $0.tags())" }),
            ("the tagged version", { "\(try await $0.at(.tag("old")).count())" }),
        ]
        for (name, call) in calls {
            let answer = try await call(LanceVectorStore(table, options: options))
            for isLasting in [false, true] {
                var number = 0
                while true {
                    let faulty = FaultyStorage(table, countingLooks: true)
                    faulty.suffer(trouble.trouble(at: number, isLasting: isLasting, below: table.location))
                    let store = try LanceVectorStore(faulty, options: options)
                    let context = "\(name): \(trouble) at operation \(number)\(isLasting ? " and on" : "")"
                    var given = answer
                    let failure = try await failure { given = try await call(store) }
                    if let failure { try checkMessage(failure, trouble, table.location) }
                    try check(given == answer, "\(context): \(given)")
                    let count = faulty.operations.count
                    faulty.fail(nil)
                    try check(try await call(store) == answer, "\(context), again")
                    guard count > number else { break }
                    number += 1
                }
            }
        }
    }

    /// The table's directory is removed at every operation: an error or not, but no crash, and what is left is no table or
    /// one of which something is missing.
    package static func removal(
        during call: WritingCall, on storage: @Sendable () throws -> any ObjectStorage,
        remove: @escaping @Sendable (any ObjectStorage) throws -> Void
    ) async throws {
        let start = try await call.start.make()
        var number = 0
        while true {
            let place = try storage()
            try await start.copy(to: place)
            let faulty = FaultyStorage(place, countingLooks: true)
            faulty.suffer(
                FaultyStorage.Trouble(at: number) { _ in
                    do {
                        try remove(place)
                        return nil
                    } catch {
                        return error
                    }
                })
            _ = try await failure { try await call.perform(LanceVectorStore(faulty, options: options)) }
            let count = faulty.operations.count
            let left = try await failure { _ = try await TableState(LanceVectorStore(place, options: options)) }
            if let left {
                try check(
                    [.notFound, .corrupt, .io].contains(left.code),
                    "\(call), removed at operation \(number): afterwards \(left)")
            }
            guard count > number else { return }
            number += 1
        }
    }

    private static let options = CrashTable.options(.full)

    private static func failure(_ body: () async throws -> Void) async throws -> StoreError? {
        do {
            try await body()
            return nil
        } catch let error as StoreError {
            return error
        }
    }

    private static func checkMessage(_ failure: StoreError, _ trouble: SystemTrouble, _ location: String) throws {
        try check(
            failure.code.rawValue == trouble.code.rawValue && failure.message.contains(trouble.remedy)
                && failure.underlying as? Errno == trouble.errno
                && failure.path?.hasPrefix(location + "/") == true, "an unclear error: \(failure)")
    }
}
