// SPDX-License-Identifier: Apache-2.0

/// What every room throws: what kind of thing went wrong, where, and what to do about it.
///
/// The public door turns it into a `StoreError`, case by case and word by word.
package struct Failure: Error, Sendable {
    package enum Code: String, Sendable, CaseIterable {
        case notFound = "not_found"
        case invalidArgument = "invalid_argument"
        case schemaMismatch = "schema_mismatch"
        case corrupt
        case unsupported
        case conflict
        case incompatible
        case io
        case permission
        case noSpace = "no_space"
        case network
        case commitUnknown = "commit_unknown"
        case cancelled
    }

    package var code: Code
    package var message: String
    /// The file, object or table concerned.
    package var path: String?
    /// Where in that file, when bytes are to blame.
    package var offset: UInt64?
    package var underlying: (any Error)?
    /// Nothing is wrong but that too much was asked for at once: fewer rows can be read.
    package var isTooMuch = false

    package init(
        _ code: Code, _ message: String, path: String? = nil, offset: UInt64? = nil, underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.offset = offset
        self.underlying = underlying
    }

    /// What is asked for at once, or stands in a damaged file, would take too much memory.
    package static func tooMuch(_ message: String) -> Failure {
        var failure = Failure(.corrupt, message + " at once are too many; read fewer rows")
        failure.isTooMuch = true
        return failure
    }

    /// The same failure, with the path filled in where the thrower did not know it.
    package func at(path: String) -> Failure {
        var copy = self
        if copy.path == nil { copy.path = path }
        return copy
    }
}

extension Failure: CustomStringConvertible {
    package var description: String {
        var text = message
        if let path {
            text += offset.map { " (\(path), byte \($0))" } ?? " (\(path))"
        } else if let offset {
            text += " (byte \(offset))"
        }
        return text
    }
}
