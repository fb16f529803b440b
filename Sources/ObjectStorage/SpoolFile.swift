// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
import Foundation
import SystemPackage

/// Bytes that are too many for memory, in a file of this machine that has no name: it goes with the last region.
///
/// It is in the directory for temporary files (`TMPDIR`), which should be on a disk.
package final class SpoolFile {
    private let descriptor: FileDescriptor
    private let path: String
    package private(set) var count = 0

    /// Makes the file in the directory for temporary files. Throws `permission` or `io`.
    package init() throws {
        let path = FilePath(FileManager.default.temporaryDirectory.path)
            .appending("swift-lance-\(UUID().uuidString.lowercased())")
        descriptor = try fail("cannot make a temporary file", path.string) {
            try FileDescriptor.open(
                path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: [.ownerReadWrite])
        }
        self.path = path.string
        try? SystemCall.removeFile(path.string)
    }

    deinit { try? descriptor.close() }

    package func write(_ bytes: ByteView) throws {
        try fail("cannot write a temporary file", path) {
            _ = try bytes.withUnsafeBytes { try descriptor.writeAll($0) }
        }
        count += bytes.count
    }

    /// What was written so far.
    package func region(name: String) throws -> Region {
        if let bytes = SystemCall.map(descriptor.rawValue, count: count) {
            return Region(adopting: bytes, name: name, isMapped: true) { SystemCall.unmap($0, $1) }
        }
        return try Region(count: count, name: name) { try descriptor.readFully(into: $0, at: 0, path: path) }
    }
}
