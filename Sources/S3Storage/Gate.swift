// SPDX-License-Identifier: Apache-2.0
#if S3
    import Synchronization

    /// Lets only so many pass at a time; the others wait in line.
    final class Gate: Sendable {
        private struct State {
            var free: Int
            var next: UInt64 = 0
            var waiting: [(number: UInt64, continuation: CheckedContinuation<Void, any Error>)] = []
        }

        private let state: Mutex<State>

        init(_ count: Int) { state = Mutex(State(free: count)) }

        /// Throws `CancellationError` where the task is cancelled while it waits.
        func pass<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
            try await enter()
            defer { leave() }
            return try await body()
        }

        private func enter() async throws {
            let number = state.withLock { state in
                state.next += 1
                return state.next
            }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                    let answer: Result<Void, any Error>? = state.withLock { state in
                        // A cancellation from now on finds it in the line.
                        if Task.isCancelled { return .failure(CancellationError()) }
                        if state.free > 0 {
                            state.free -= 1
                            return .success(())
                        }
                        state.waiting.append((number, continuation))
                        return nil
                    }
                    if let answer { continuation.resume(with: answer) }
                }
            } onCancel: {
                let left = state.withLock { state in
                    state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0).continuation }
                }
                left?.resume(throwing: CancellationError())
            }
        }

        /// The next in line takes the place.
        private func leave() {
            let next = state.withLock { state in
                guard !state.waiting.isEmpty else {
                    state.free += 1
                    return nil as CheckedContinuation<Void, any Error>?
                }
                return state.waiting.removeFirst().continuation
            }
            next?.resume()
        }
    }
#endif
