// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage
import SystemPackage
import TestSupport

/// An error of the operating system, with the operations that it befalls and what a user must be told.
package struct SystemTrouble: Sendable, CustomStringConvertible {
    let errno: Errno
    let code: Failure.Code
    /// A part of the message: what to do.
    let remedy: String
    let affects: @Sendable (FaultyStorage.Operation) -> Bool

    package var description: String { "\(errno)" }

    package static let failingDevice = SystemTrouble(errno: .ioError, code: .io, remedy: "log of the device") { _ in
        true
    }

    package static let all = [
        SystemTrouble(errno: .noSpace, code: .noSpace, remedy: "free some space", affects: fills),
        SystemTrouble(errno: .diskQuotaExceeded, code: .noSpace, remedy: "free some space", affects: fills),
        SystemTrouble(errno: .fileTooLarge, code: .io, remedy: "ulimit -f", affects: fills),
        failingDevice,
        SystemTrouble(errno: .tooManyOpenFiles, code: .io, remedy: "ulimit -n", affects: opens),
        SystemTrouble(errno: .tooManyOpenFilesInSystem, code: .io, remedy: "ulimit -n", affects: opens),
        SystemTrouble(errno: .permissionDenied, code: .permission, remedy: "owner and mode") { _ in true },
        SystemTrouble(errno: .readOnlyFileSystem, code: .permission, remedy: "owner and mode", affects: changes),
    ]

    /// - Parameter number: of the first operation that fails.
    func trouble(at number: Int, isLasting: Bool, below location: String) -> FaultyStorage.Trouble {
        FaultyStorage.Trouble(at: number, isLasting: isLasting, affects: affects) { operation in
            Failure(errno: errno, "cannot do this", path: location + "/" + operation.key)
        }
    }

    private static func fills(_ operation: FaultyStorage.Operation) -> Bool {
        if case .delete = operation { false } else { changes(operation) }
    }

    private static func changes(_ operation: FaultyStorage.Operation) -> Bool {
        switch operation {
        case .create, .write, .finish, .put, .delete: true
        case .open, .names, .look: false
        }
    }

    private static func opens(_ operation: FaultyStorage.Operation) -> Bool {
        switch operation {
        case .open, .names, .create, .put, .finish: true
        case .write, .delete, .look: false
        }
    }
}
