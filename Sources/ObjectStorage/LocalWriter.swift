// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Synchronization
import SystemPackage

/// Writes one new file from front to back; removes it again unless it was finished.
final class LocalWriter: ObjectWriter {
    private enum State {
        case open(FileDescriptor, UInt64)
        /// Closed, and not durable: by a failure, or because `finish` is still at work.
        case closed(UInt64)
        case finished(UInt64)
    }

    private let path: FilePath
    private let durability: WriteDurability
    private let state: Mutex<State>

    init(path: FilePath, _ durability: WriteDurability) throws {
        self.path = path
        self.durability = durability
        let descriptor = try fail("cannot make the file", path.string) {
            try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        }
        state = Mutex(.open(descriptor, 0))
    }

    deinit {
        state.withLock { state in
            switch state {
            case .finished: return
            case .closed: break
            case .open(let descriptor, _): try? descriptor.close()
            }
            // Nobody knows of the file yet; if it cannot be removed it is garbage, not damage.
            try? SystemCall.removeFile(path.string)
        }
    }

    var count: UInt64 {
        state.withLock { state in
            switch state {
            case .open(_, let count), .closed(let count), .finished(let count): count
            }
        }
    }

    func write(_ bytes: ByteView) async throws { try writeNow(bytes) }

    func writeNow(_ bytes: ByteView) throws {
        try withDescriptor("cannot write the file") { descriptor, count in
            _ = try bytes.withUnsafeBytes { try descriptor.writeAll($0) }
            count += UInt64(bytes.count)
        }
    }

    /// Brings what was written to the device; the file stays open.
    func synchronizeContents() throws {
        guard durability == .full else { return }
        try withDescriptor("cannot make the file durable") { descriptor, _ in
            try SystemCall.synchronize(descriptor.rawValue)
        }
    }

    func finish() async throws {
        try synchronizeContents()
        try close()
        if durability == .full {
            try fail("cannot make the file's directory durable", path.string) {
                let directory = path.removingLastComponent()
                try synchronizeDirectory(directory.isEmpty ? "." : directory)
            }
        }
        state.withLock { state in
            if case .closed(let count) = state { state = .finished(count) }
        }
    }

    /// A close that fails has given the descriptor back all the same, and its number may be somebody else's by now.
    private func close() throws {
        try state.withLock { state in
            guard case .open(let descriptor, let count) = state else {
                throw Failure(.io, "cannot close the file: it is not open any more", path: path.string)
            }
            state = .closed(count)
            try fail("cannot close the file", path.string) { try descriptor.close() }
        }
    }

    /// After the first failure the file is of no use: every later call fails too, and an fsync is never repeated.
    private func withDescriptor(_ doing: String, _ body: (FileDescriptor, inout UInt64) throws -> Void) throws {
        try state.withLock { state in
            guard case .open(let descriptor, var count) = state else {
                throw Failure(.io, "\(doing): it is not open any more", path: path.string)
            }
            do {
                try body(descriptor, &count)
                state = .open(descriptor, count)
            } catch {
                try? descriptor.close()
                state = .closed(count)
                guard let error = error as? Errno else { throw error }
                throw Failure(errno: error, doing, path: path.string)
            }
        }
    }
}
