// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Counts requests, and how many of them wait for one another.
package final class RoundCounter: Sendable {
    private struct State {
        var requests = 0
        var rounds = 0
        var isCounting = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Requests so far.
    package var requests: Int { state.withLock { $0.requests } }

    /// How many requests of `body` had to wait for one another: those that are made before any of them is answered count
    /// once. On a busy machine it may be too many, never too few.
    ///
    /// - Parameter quiet: requests are answered when none has come for so long.
    package func rounds<R>(quiet: Duration, _ body: () async throws -> R) async rethrows -> (rounds: Int, result: R) {
        state.withLock {
            $0.rounds = 0; $0.isCounting = true
        }
        let clock = Task { [weak self] in
            while !Task.isCancelled, let self {
                let before = self.state.withLock { $0.requests }
                try? await Task.sleep(for: quiet)
                let answered: [CheckedContinuation<Void, Never>] = self.state.withLock { state in
                    guard !state.waiting.isEmpty, state.requests == before else { return [] }
                    state.rounds += 1
                    defer { state.waiting = [] }
                    return state.waiting
                }
                for request in answered { request.resume() }
            }
        }
        defer {
            clock.cancel()
            let left = state.withLock { state in
                state.isCounting = false
                defer { state.waiting = [] }
                return state.waiting
            }
            for request in left { request.resume() }
        }
        let result = try await body()
        return (state.withLock { $0.rounds }, result)
    }

    /// A request is made; returns when it may be answered.
    package func ask() async {
        let mustWait = state.withLock { state in
            state.requests += 1
            return state.isCounting
        }
        guard mustWait else { return }
        await withCheckedContinuation { continuation in
            let isLate = state.withLock { state in
                if state.isCounting { state.waiting.append(continuation) }
                return !state.isCounting
            }
            if isLate { continuation.resume() }
        }
    }
}
