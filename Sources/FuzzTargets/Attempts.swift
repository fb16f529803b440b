// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Runs all of the parts, though some throw a `Failure`; in the end throws the last one.
struct Attempts {
    private var failure: Failure?

    mutating func attempt(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let failure as Failure {
            self.failure = failure
        }
    }

    mutating func attempt(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as Failure {
            self.failure = failure
        }
    }

    /// For what should throw a `Failure`, or may as well.
    static func ignoring(_ body: () async throws -> Void) async throws {
        var attempts = Attempts()
        try await attempts.attempt(body)
    }

    func finish() throws {
        if let failure { throw failure }
    }
}
