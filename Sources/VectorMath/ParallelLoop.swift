// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization

/// Calls `body` with the numbers `0..<count`, each once and in no particular order, from up to `threads` threads, and
/// with what `makeState` makes for each thread. Blocks until all calls are over.
///
/// The compiler does not check what the closures share: `body` may write where no other number's call reads or writes.
package func parallelLoop<State>(
    _ count: Int, threads: Int, unless monitor: TrainingMonitor, state makeState: () -> State,
    _ body: (Int, inout State) -> Void
) {
    let next = Atomic(0)
    withoutActuallyEscaping(makeState) { makeState in
        withoutActuallyEscaping(body) { body in
            let shared = Shared(makeState: makeState, body: body)
            DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
                var state = shared.makeState()
                while !monitor.isStopped {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < count else { break }
                    shared.body(index, &state)
                }
            }
        }
    }
}

/// Closures that several threads call, on the word of who wrote them.
private struct Shared<State>: @unchecked Sendable {
    var makeState: () -> State
    var body: (Int, inout State) -> Void
}
