// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport
import Testing

/// Random histories of a table against a plain dictionary. `SWIFT_LANCE_HISTORIES` asks for another number of them, of a
/// hundred steps each; where one fails, the shortest part of it that still does is printed.
struct HistoryTests {
    @Test(.timeLimit(.minutes(60))) func histories() async throws {
        let count =
            ProcessInfo.processInfo.environment["SWIFT_LANCE_HISTORIES"].flatMap { Int($0) } ?? 50
        for number in 0..<count {
            let history = History(seed: UInt64(number), length: 100)
            do {
                try await HistoryRun.run(history)
            } catch {
                let shortest = await history.shortened { candidate in
                    do {
                        try await HistoryRun.run(candidate)
                        return false
                    } catch {
                        return true
                    }
                }
                var reason = error
                do { try await HistoryRun.run(shortest) } catch let error { reason = error }
                throw CheckFailure("\(reason)\n\(shortest)")
            }
        }
    }
}
