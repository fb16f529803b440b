// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Why a call failed, and what to do about it.
///
/// Every function of ``LanceVectorStore`` throws this type and no other.
public struct StoreError: Error, Sendable {
    /// The kind of failure.
    public enum Code: String, Sendable, Codable, CaseIterable {
        /// There is no table, file or column of that name.
        case notFound = "not_found"
        /// An argument makes no sense: its value is in the message.
        case invalidArgument = "invalid_argument"
        /// Columns are missing, or have another type than expected.
        case schemaMismatch = "schema_mismatch"
        /// A file is damaged: the message and ``StoreError/path`` say where.
        case corrupt
        /// The table, file or option asks for something that this version does not do.
        case unsupported
        /// Somebody else committed a change that this one cannot follow. Nothing was changed; do it again.
        case conflict
        /// Somebody else changed the table so that this operation makes no sense any more.
        case incompatible
        /// The operating system reported an error.
        case io
        /// The operating system denied access.
        case permission
        /// The device is full. Nothing was changed.
        case noSpace = "no_space"
        /// A server could not be reached, or answered with an error.
        case network
        /// The commit was made, but whether it survives a power loss is not known. Look before you repeat the call.
        case commitUnknown = "commit_unknown"
        /// The task was cancelled. Nothing was changed.
        case cancelled
    }

    /// The kind of failure.
    public var code: Code
    /// What happened, with the numbers and names concerned, and what to do.
    public var message: String
    /// The table, file or object concerned.
    public var path: String?
    /// The error below this one, where there is one.
    public var underlying: (any Error)?

    /// Creates an error.
    public init(code: Code, message: String, path: String? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.underlying = underlying
    }
}

extension StoreError: CustomStringConvertible {
    /// Code, message and path in one line.
    public var description: String { "\(code.rawValue): \(message)" + (path.map { " (\($0))" } ?? "") }
}

extension StoreError {
    /// What a room below threw, as the door says it.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case let failure as Failure:
            let place = failure.offset.map { " at byte \($0)" } ?? ""
            self.init(
                code: Code(failure.code), message: failure.message + place, path: failure.path ?? path,
                underlying: failure.underlying)
        case is CancellationError:
            self.init(code: .cancelled, message: "the task was cancelled; nothing was changed", path: path)
        default: self.init(code: .io, message: "\(error)", path: path, underlying: error)
        }
    }
}

extension StoreError.Code {
    fileprivate init(_ code: Failure.Code) {
        switch code {
        case .notFound: self = .notFound
        case .invalidArgument: self = .invalidArgument
        case .schemaMismatch: self = .schemaMismatch
        case .corrupt: self = .corrupt
        case .unsupported: self = .unsupported
        case .conflict: self = .conflict
        case .incompatible: self = .incompatible
        case .io: self = .io
        case .permission: self = .permission
        case .noSpace: self = .noSpace
        case .network: self = .network
        case .commitUnknown: self = .commitUnknown
        case .cancelled: self = .cancelled
        }
    }
}
