// SPDX-License-Identifier: Apache-2.0
package import LanceVectorStore
package import TestSupport

/// A call during which the machine lost its power.
package struct Cut: Sendable {
    package let call: WritingCall
    package let durability: Options.Durability
    /// The number of the step that was not done any more.
    package let number: Int
    package let machine: PowerLossStorage
    /// The call returned; what it did after the power was gone did not matter to it.
    package let isAcknowledged: Bool
    /// The version before the call; nil where there was none.
    package let version: Int?
    /// The rows of the versions before that one, where the call removes them.
    package let older: [[String: TableState.Row]?]
    package let before: TableState
    package let after: TableState

    /// Performs a call as often as it has steps, and each time cuts it at another one; the last time it comes to its end.
    package static func each(
        _ call: WritingCall, _ durability: Options.Durability, _ body: (Cut) async throws -> Void
    ) async throws {
        let options = CrashTable.options(durability)
        let start = try await call.start.make()
        let before = try await TableState(LanceVectorStore(start, options: options))
        let version = try await LanceVectorStore(start, options: options).version()
        var older: [[String: TableState.Row]?] = []
        if call.removesVersions, version != nil {
            let store = try LanceVectorStore(start, options: options)
            for info in try await store.versions() {
                older.append(try await TableState(store.at(.number(info.version))).rows)
            }
        }
        let whole = start.afterPowerLoss(.kept)
        try await call.perform(LanceVectorStore(whole, options: options))
        let after = try await TableState(LanceVectorStore(whole, options: options))
        var number = 0
        while true {
            let machine = start.afterPowerLoss(.kept)
            machine.losePower(at: number)
            var isAcknowledged = false
            do {
                try await call.perform(LanceVectorStore(machine, options: options))
                isAcknowledged = true
            } catch let error as StoreError {
                try check(machine.isOff, "\(call) failed with the power on: \(error)")
            }
            let cut = Cut(
                call: call, durability: durability, number: number, machine: machine, isAcknowledged: isAcknowledged,
                version: version, older: older, before: before, after: after)
            do {
                try await body(cut)
            } catch {
                throw CheckFailure("\(cut): \(error)")
            }
            guard machine.isOff else { return }
            number += 1
        }
    }

    package func open(_ storage: PowerLossStorage) throws -> LanceVectorStore {
        try LanceVectorStore(storage, options: CrashTable.options(durability))
    }

    /// Throws unless a table is as it was before the call or after it; after it, where the call had returned.
    @discardableResult
    package func verify(_ store: LanceVectorStore) async throws -> TableState {
        let state = try await TableState(store)
        let isLegal = state == after || (!isAcknowledged && state == before)
        try check(isLegal, "found \(state); before were \(before), after it \(after)")
        return state
    }

    /// Throws unless rows can be added to a table.
    package func verifyWritable(_ store: LanceVectorStore, _ state: TableState) async throws -> TableState {
        try await CrashTable.append(["x0", "x1"], to: store)
        let next = try await TableState(store)
        let (old, new) = (state.rows ?? [:], next.rows ?? [:])
        try check(
            new.count == old.count + 2 && old.allSatisfy { new[$0] == $1 } && new["x0"] != nil && new["x1"] != nil,
            "an append made \(next) of \(state)")
        return next
    }
}

extension Cut: CustomStringConvertible {
    package var description: String {
        let last = machine.steps.last.map { "\($0)" } ?? "nothing"
        return "\(call), \(durability): cut at step \(number), after \(last)\(isAcknowledged ? ", acknowledged" : "")"
    }
}
