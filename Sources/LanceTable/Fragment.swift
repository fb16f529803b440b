// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import LanceProto

/// A run of rows that were written together: data files, and perhaps a deletion file.
package struct Fragment: Sendable {
    package let id: UInt32
    package let proto: ProtoDataFragment
    /// Deleted rows included.
    package let physicalRows: Int

    init(_ proto: ProtoDataFragment, path: String) throws {
        guard let id = UInt32(exactly: proto.id), let rows = Int(exactly: proto.physicalRows), rows <= Int(UInt32.max)
        else {
            throw Failure(.corrupt, "fragment \(proto.id) of \(proto.physicalRows) rows", path: path)
        }
        self.id = id
        self.proto = proto
        physicalRows = rows
    }

    package var hasDeletions: Bool { proto.hasDeletionFile }

    /// The deletion file's place below the table's directory.
    var deletionFilePath: String { Self.path(of: proto.deletionFile, id) }

    static func path(of file: ProtoDeletionFile, _ fragment: UInt32) -> String {
        "_deletions/\(fragment)-\(file.readVersion)-\(file.id).\(file.fileType == .bitmap ? "bin" : "arrow")"
    }
}
