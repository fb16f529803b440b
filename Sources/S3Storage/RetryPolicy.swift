// SPDX-License-Identifier: Apache-2.0
#if S3
    /// When a request is sent again: after exponentially growing waits, each chosen at random from nothing to its bound, so
    /// that many clients that a server turned away do not come back all at once.
    package struct RetryPolicy: Sendable, Equatable {
        /// Tries after the first.
        package var most = 10
        /// Seconds from the first try after which none is begun.
        package var total = 180.0
        /// The first wait's bound in seconds; each further one has twice the bound.
        package var first = 0.1
        package var longest = 10.0
        /// Where no server answers at all, it is down or the address wrong, and a person is waiting to be told.
        package var mostUnsent = 4

        package init() {}

        /// The seconds to wait before the next try; nil where there is to be none.
        ///
        /// - Parameters:
        ///   - tries: how many there were.
        ///   - elapsed: seconds since the first began.
        ///   - random: at least 0 and less than 1.
        ///   - wanted: what the server asked for.
        package func wait(
            afterTries tries: Int, elapsed: Double, isUnsent: Bool = false, random: Double, wanted: Double? = nil
        ) -> Double? {
            guard tries <= (isUnsent ? min(most, mostUnsent) : most) else { return nil }
            var bound = first
            for _ in 1..<max(tries, 1) where bound < longest { bound *= 2 }
            let wait = max(min(bound, longest) * random, min(wanted ?? 0, 30))
            return elapsed + wait < total ? wait : nil
        }
    }
#endif
