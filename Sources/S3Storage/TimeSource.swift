// SPDX-License-Identifier: Apache-2.0
#if S3
    import Foundation

    /// The clocks and the dice, as values: tests have their own.
    package struct TimeSource: Sendable {
        /// Seconds since 1970.
        package var now: @Sendable () -> Double
        /// Seconds of a clock that nobody sets.
        package var uptime: @Sendable () -> Double
        /// Between two tries.
        package var sleep: @Sendable (Double) async throws -> Void
        /// Returns when what was begun has had its time.
        package var deadline: @Sendable (Double) async throws -> Void
        /// At least 0 and less than 1.
        package var random: @Sendable () -> Double

        package init(
            now: @escaping @Sendable () -> Double, uptime: @escaping @Sendable () -> Double,
            sleep: @escaping @Sendable (Double) async throws -> Void,
            deadline: @escaping @Sendable (Double) async throws -> Void, random: @escaping @Sendable () -> Double
        ) {
            self.now = now
            self.uptime = uptime
            self.sleep = sleep
            self.deadline = deadline
            self.random = random
        }

        package static let system: TimeSource = {
            let start = ContinuousClock.now
            return TimeSource(
                now: { Date().timeIntervalSince1970 },
                uptime: { (ContinuousClock.now - start) / .seconds(1) },
                sleep: { try await Task.sleep(for: .seconds($0)) },
                deadline: { try await Task.sleep(for: .seconds($0)) },
                random: { Double.random(in: 0..<1) })
        }()

        /// Periods that a body may take in which something arrives each time, and yet too little to wait for.
        private static let mostPeriods = 20

        /// Ends `body` with `timedOut` when it takes longer than `seconds`.
        ///
        /// - Parameter progress: time in which something is sent or arrives does not count, so that many bodies at once over a slow line
        ///   come one after the other instead of none in time.
        func limit<T: Sendable>(
            _ seconds: Double, _ progress: TransferProgress? = nil, _ body: @escaping @Sendable () async throws -> T
        ) async throws -> T {
            try await withThrowingTaskGroup(of: T?.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    var pieces = 0
                    for _ in 0..<Self.mostPeriods {
                        try await deadline(seconds)
                        guard let now = progress?.pieces, now > pieces else { break }
                        pieces = now
                    }
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let value = first else {
                    let what = progress.map { $0.pieces > 0 } == true ? "nothing more was sent or came" : "no answer"
                    throw TransportFailure(.timedOut, "\(what) within \(seconds) s")
                }
                return value
            }
        }
    }
#endif
