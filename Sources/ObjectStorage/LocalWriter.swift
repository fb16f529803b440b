// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Synchronization
import SystemPackage

/// Writes one new file from front to back; removes it again unless it was finished.
final class LocalWriter: ObjectWriter {
    private enum State {
        case open(FileDescriptor, UInt64)
        case failed(UInt64)
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
            case .failed: break
            case .open(let descriptor, _): try? descriptor.close()
            }
            // Nobody knows of the file yet; if it cannot be removed it is garbage, not damage.
            try? SystemCall.removeFile(path.string)
        }
    }

    var count: UInt64 {
        state.withLock { state in
            switch state {
            case .open(_, let count), .failed(let count), .finished(let count): count
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
        try withDescriptor("cannot close the file") { descriptor, _ in try descriptor.close() }
        state.withLock { state in
            if case .open(_, let count) = state { state = .finished(count) }
        }
        if durability == .full {
            try fail("cannot make the file's directory durable", path.string) {
                try synchronize(directory: path.removingLastComponent())
            }
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
                state = .failed(count)
                guard let error = error as? Errno else { throw error }
                throw Failure(error, doing, path: path.string)
            }
        }
    }
}
