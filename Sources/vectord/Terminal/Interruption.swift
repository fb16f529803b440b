// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, and the polite request to end, during work that cleans up after itself.
enum Interruption {
    /// The signal that came; 0 for none.
    private static let received = Atomic<Int32>(0)

    /// Runs `body` in a task that a signal cancels. A second signal ends the process at once.
    static func cancelling<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let task = Task(operation: body)
        let sources = [SIGINT, SIGTERM].compactMap { number -> (any DispatchSourceSignal)? in
            // A job in the background of a script ignores Ctrl-C, and goes on doing so.
            guard !isIgnored(number) else { return nil }
            #if canImport(Darwin)
                // There a source watches beside the usual action, which would end the process.
                signal(number, SIG_IGN)
            #endif
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                guard received.exchange(number, ordering: .relaxed) == 0 else { return end(by: number) }
                task.cancel()
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        return try await task.value
    }

    /// After a run that failed: where a signal was the reason, ends as by that signal, so that a script that called
    /// this command stops too.
    static func endIfReceived() {
        let number = received.load(ordering: .relaxed)
        if number != 0 { end(by: number) }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        #if canImport(Darwin)
            let handler = action.__sigaction_u.__sa_handler
        #else
            let handler = action.__sigaction_handler.sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func end(by number: Int32) {
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), number)
    }
}
