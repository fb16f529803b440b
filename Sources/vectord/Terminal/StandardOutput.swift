// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore
import Synchronization

/// Standard output, with a buffer of its own: rows come in small pieces.
///
/// A reader that goes away (`vectord scan T | head -1`) ends the command quietly, as the signal SIGPIPE does where it
/// is not ignored.
enum StandardOutput {
    private static let limit = 256 << 10
    private static let pending = Mutex<[UInt8]>([])

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    static func write(_ text: String) throws(StoreError) {
        try append { $0.append(contentsOf: text.utf8) }
    }

    static func write(_ bytes: [UInt8]) throws(StoreError) {
        try append { $0.append(contentsOf: bytes) }
    }

    private static func append(_ body: (inout [UInt8]) -> Void) throws(StoreError) {
        let full = pending.withLock { pending in
            body(&pending)
            return pending.count >= limit
        }
        if full { try flush() }
    }

    static func flush() throws(StoreError) {
        let bytes = pending.withLock { pending in
            let bytes = pending
            pending.removeAll(keepingCapacity: true)
            return bytes
        }
        let problem = writeFully(bytes, to: STDOUT_FILENO)
        guard problem != 0 else { return }
        if problem == EPIPE { endAsByPipeSignal() }
        throw StoreError(
            code: problem == ENOSPC ? .noSpace : .io,
            message: "cannot write to standard output: \(String(cString: strerror(problem)))")
    }

    private static func endAsByPipeSignal() {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        exit(CommandLineRun.failure)
    }
}

/// Takes the numbers of standard input, output and error where the caller closed them: the next file that is opened
/// would get such a number, and what is printed would go into it.
func occupyStandardDescriptors() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
        // Not for writing, so that output which goes nowhere is an error. The lowest free number is this one.
        _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
}

/// Standard error, unbuffered.
enum StandardError {
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func write(_ text: String) { _ = writeFully(Array(text.utf8), to: STDERR_FILENO) }
}

/// Returns 0, or the error number.
private func writeFully(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { bytes in
        var done = 0
        while done < bytes.count {
            let part = write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if part >= 0 {
                done += part
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
