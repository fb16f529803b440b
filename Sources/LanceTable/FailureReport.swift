// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// What an error of this room or one below it says, in plain values: for the command, which does not know `Failure`.
package struct FailureReport: Sendable {
    /// The failure's code as it is spelled for users: `not_found`.
    package let code: String
    /// What happened, with the byte where bytes are to blame.
    package let message: String
    package let path: String?

    /// Nil for errors of other kinds.
    package init?(_ error: any Error) {
        guard let failure = error as? Failure else { return nil }
        code = failure.code.rawValue
        message = failure.message + (failure.offset.map { " at byte \($0)" } ?? "")
        path = failure.path
    }
}
