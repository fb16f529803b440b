// SPDX-License-Identifier: Apache-2.0
import LanceVectorStore
import TestSupport

/// The machine loses its power at every single step of a call, and starts again.
package enum PowerLossChecks {
    private static let losses: [PowerLossStorage.Loss] = [.lost, .kept] + (0..<2).map { .torn(seed: $0) }

    /// The state before or after, nothing between; and after, where the call had returned.
    package static func everyStep(of call: WritingCall) async throws {
        try await Cut.each(call, .full) { cut in
            try await each { loss in
                let store = try cut.open(cut.machine.afterPowerLoss(loss))
                let state = try await cut.verify(store)
                try await TableState.checkVersions(store)
                _ = try await cut.verifyWritable(store, state)
            }
        }
    }

    /// The process is killed, another goes on with what it left, and then the power is lost: what the second one was
    /// told is done must not rest on what the first one did not come to bring to the device.
    package static func everyStepOfAKilledProcess(in call: WritingCall) async throws {
        try await Cut.each(call, .full) { cut in
            let machine = cut.machine.afterKill()
            let store = try cut.open(machine)
            let next = try await cut.verifyWritable(store, cut.verify(store))
            try await each { loss in
                var found = try await TableState(cut.open(machine.afterPowerLoss(loss)))
                // A tag that nobody was told of is no part of what the other one did.
                if !cut.isAcknowledged, [cut.before.tags, cut.after.tags].contains(found.tags) {
                    found.tags = next.tags
                }
                try check(found == next, "found \(found), and another process was told that there is \(next)")
            }
        }
    }

    /// Without waiting for the device: what was is there, or what came of it, or an error that names the damaged file. Where
    /// the call removes no old versions, the one before is in no danger; where it does, an older one may be left.
    package static func everyStepWithoutWaiting(in call: WritingCall) async throws {
        try await Cut.each(call, .relaxed) { cut in
            let isSilent = !cut.machine.steps.contains { if case .synchronize = $0 { true } else { false } }
            try check(isSilent || call.isFlush, "it waited")
            try await each { loss in
                let store = try cut.open(cut.machine.afterPowerLoss(loss))
                do {
                    let state = try await TableState(store)
                    let isLegal = state == cut.before || state == cut.after || cut.older.contains(state.rows)
                    try check(isLegal, "found \(state); before were \(cut.before), after it \(cut.after)")
                } catch let error as StoreError {
                    let isClear =
                        [.corrupt, .notFound].contains(error.code)
                        && error.path?.hasPrefix("/t.lance/") == true
                    try check(isClear, "an unclear error: \(error)")
                }
                guard let version = cut.version, cut.older.isEmpty else { return }
                let rows = try await TableState(store.at(.number(version))).rows
                try check(rows == cut.before.rows, "the version before has other rows")
            }
        }
    }

    /// Somebody does not wait for the device; what is done durably afterwards, or flushed, does not rest on sand.
    package static func durableWork(after call: WritingCall) async throws {
        for isFlush in [false, true] where !call.isFlush {
            let machine = try await call.start.make()
            try await call.perform(LanceVectorStore(machine, options: CrashTable.options(.relaxed)))
            let store = try LanceVectorStore(machine, options: CrashTable.options(.full))
            if isFlush { try await store.flush() } else { try await CrashTable.append(["x0"], to: store) }
            let expected = try await TableState(store)
            try await each { loss in
                let again = try LanceVectorStore(machine.afterPowerLoss(loss), options: CrashTable.options(.full))
                var found = try await TableState(again)
                // Names of versions are made durable by a flush alone.
                if !isFlush { found.tags = expected.tags }
                try check(found == expected, "flush: \(isFlush); found \(found), not \(expected)")
            }
        }
    }

    private static func each(_ body: (PowerLossStorage.Loss) async throws -> Void) async throws {
        for loss in losses {
            do {
                try await body(loss)
            } catch {
                throw CheckFailure("\(loss): \(error)")
            }
        }
    }
}
