// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceVectorStore

/// A file, or standard input as "-", read from front to back.
final class InputFile {
    /// What errors call it.
    let name: String
    /// Bytes of a regular file; nil for pipes.
    let size: Int?
    private let descriptor: Int32

    init(_ path: String) throws(StoreError) {
        let isStandardInput = path == "-"
        name = isStandardInput ? "standard input" : path
        descriptor = isStandardInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error("cannot open the file", name) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.error("cannot look at the file", name) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw StoreError(code: .invalidArgument, message: "this is a directory, not a file", path: name)
        }
        size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    deinit { if descriptor > STDERR_FILENO { close(descriptor) } }

    /// Reads up to `count` bytes to the end of `buffer`. Returns how many; 0 at the end of the file.
    func read(_ count: Int, into buffer: inout [UInt8]) throws(StoreError) -> Int {
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: count))
        while true {
            let part = buffer.withUnsafeMutableBytes { bytes in
                systemRead(descriptor, bytes.baseAddress.map { $0 + start }, count)
            }
            if part >= 0 {
                buffer.removeLast(count - part)
                return part
            }
            guard errno == EINTR else { throw Self.error("cannot read", name) }
        }
    }

    /// All bytes, of which there may be no more than `limit`.
    func readAll(limit: Int) throws(StoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(size ?? 0, limit))
        while try read(1 << 20, into: &bytes) > 0 {
            guard bytes.count <= limit else {
                throw StoreError(
                    code: .invalidArgument, message: "more than \(Readable.bytes(limit)) of queries; split the file",
                    path: name)
            }
        }
        return bytes
    }

    private static func error(_ doing: String, _ name: String) -> StoreError {
        let code: StoreError.Code
        switch errno {
        case ENOENT, ENOTDIR: code = .notFound
        case EACCES, EPERM: code = .permission
        default: code = .io
        }
        return StoreError(code: code, message: "\(doing): \(String(cString: strerror(errno)))", path: name)
    }
}

/// `read(2)`, whose name the class has too.
private func systemRead(_ descriptor: Int32, _ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, target, count)
}
