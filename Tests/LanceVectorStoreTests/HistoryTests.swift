// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import TestSupport
import Testing

/// Random histories of a table against a plain dictionary. `SWIFT_LANCE_HISTORIES` asks for another number of them, of a
/// hundred steps each; where one fails, the shortest part of it that still does is printed.
struct HistoryTests {
    @Test(.timeLimit(.minutes(60))) func histories() async throws { try await run(50, isDistant: false) }

    @Test(.timeLimit(.minutes(60))) func historiesFarAway() async throws { try await run(10, isDistant: true) }

    private func run(_ usual: Int, isDistant: Bool) async throws {
        let count =
            ProcessInfo.processInfo.environment["SWIFT_LANCE_HISTORIES"].flatMap { Int($0) } ?? usual
        for number in 0..<count {
            let history = History(seed: UInt64(number), length: 100)
            do {
                try await HistoryRun.run(history, isDistant: isDistant)
            } catch {
                let shortest = await history.shortened { candidate in
                    do {
                        try await HistoryRun.run(candidate, isDistant: isDistant)
                        return false
                    } catch {
                        return true
                    }
                }
                var reason = error
                do { try await HistoryRun.run(shortest, isDistant: isDistant) } catch let error { reason = error }
                throw CheckFailure("\(reason)\n\(shortest)")
            }
        }
    }
}
