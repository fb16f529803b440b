// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Told by the threads of a training what they have done; tells the caller, and them when to stop.
package final class TrainingMonitor: Sendable {
    /// How often the caller hears: a cancellation feels immediate, and asking costs nothing.
    private static let interval = Duration.milliseconds(50)

    private struct State {
        var lastReport = ContinuousClock.now
        var failure: (any Error)?
    }

    private let progress: @Sendable (Double) throws -> Void
    private let total: Int
    private let done = Atomic(0)
    private let stopped = Atomic(false)
    private let state = Mutex(State())

    /// - Parameters:
    ///   - total: how much there is to do, in a unit of the caller's choice.
    ///   - progress: gets the part done, 0...1; called by any of the threads, never by two at a time. What it throws
    ///     ends the training.
    package init(total: Int, progress: @escaping @Sendable (Double) throws -> Void) {
        self.total = max(total, 1)
        self.progress = progress
    }

    /// True when a thread should drop its work; `finish` will throw.
    package var isStopped: Bool { stopped.load(ordering: .relaxed) }

    /// Counts `work` as done. Does not wait for another thread that is reporting.
    package func add(_ work: Int) {
        let sum = done.wrappingAdd(work, ordering: .relaxed).newValue
        _ = state.withLockIfAvailable { state in
            let now = ContinuousClock.now
            guard state.failure == nil, now - state.lastReport >= Self.interval else { return }
            state.lastReport = now
            do { try progress(min(Double(sum) / Double(total), 1)) } catch { fail(with: error, &state) }
        }
    }

    package func fail(with error: any Error) { state.withLock { fail(with: error, &$0) } }

    private func fail(with error: any Error, _ state: inout State) {
        if state.failure == nil { state.failure = error }
        stopped.store(true, ordering: .relaxed)
    }

    /// Call when all threads are done.
    package func finish() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try progress(1)
    }
}
