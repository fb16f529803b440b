// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Bytes that can be read at any place, in small parts: a big input that is to be neither mapped nor loaded whole.
package protocol ByteSource: Sendable {
    var name: String { get }
    var count: Int { get }
    /// `length` bytes from `offset`; `corrupt` where the source is shorter.
    func read(_ offset: Int, _ length: Int) throws -> ByteView
}

extension Region: ByteSource {
    package func read(_ offset: Int, _ length: Int) throws -> ByteView { try view.slice(offset, length) }
}

/// A file read with `pread`: what was read does not stay in the process as a mapping's pages do.
package final class FileSource: ByteSource {
    package let name: String
    package let count: Int
    private let descriptor: FileDescriptor

    /// Throws `not_found`, `permission` or `io`; a directory is `invalid_argument`.
    package init(path: String) throws {
        name = path
        do {
            // Non-blocking: to open a named pipe would wait for somebody to write to it.
            descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
        } catch let error as Errno {
            throw Failure(errno: error, "cannot open the file", path: path)
        }
        do {
            let status = try SystemCall.status(descriptor.rawValue)
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw Failure(.invalidArgument, "not a regular file", path: path)
            }
            count = Int(status.st_size)
        } catch {
            try? descriptor.close()
            guard let error = error as? Errno else { throw error }
            throw Failure(errno: error, "cannot read the file's size", path: path)
        }
    }

    deinit { try? descriptor.close() }

    package func read(_ offset: Int, _ length: Int) throws -> ByteView {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else {
            throw Failure(
                .corrupt, "expected \(length) bytes at \(offset), but the file has \(count)", path: name,
                offset: UInt64(clamping: offset))
        }
        return try Region(count: length, name: name, fileOffset: UInt64(offset)) { target in
            try descriptor.readFully(into: target, at: offset, path: name)
        }.view
    }
}

extension FileDescriptor {
    /// Fills `target` from `offset` on; `corrupt` where the file ends before.
    func readFully(into target: UnsafeMutableRawBufferPointer, at offset: Int, path: String) throws {
        var done = 0
        while done < target.count {
            let part: Int
            do {
                part = try read(
                    fromAbsoluteOffset: Int64(offset + done),
                    into: UnsafeMutableRawBufferPointer(rebasing: target[done...]))
            } catch let error as Errno {
                throw Failure(errno: error, "cannot read the file", path: path)
            }
            guard part > 0 else {
                throw Failure(
                    .corrupt, "the file ends \(target.count - done) bytes early", path: path,
                    offset: UInt64(offset + done))
            }
            done += part
        }
    }
}
