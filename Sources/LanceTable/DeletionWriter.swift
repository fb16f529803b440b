// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
package import ObjectStorage
import SwiftProtobuf

/// Writes the deletion files of rows that a commit takes away (format reference: deletion files).
///
/// Always roaring bitmaps, which every reader takes for any number of rows.
package final class DeletionWriter {
    private let snapshot: Snapshot
    private let durability: WriteDurability
    private var written: [ObjectKey] = []
    /// Bytes of the files.
    package private(set) var bytesWritten = 0

    package init(_ snapshot: Snapshot, _ durability: WriteDurability) {
        self.snapshot = snapshot
        self.durability = durability
    }

    /// Writes a file for each fragment that keeps some rows.
    ///
    /// - Parameter addresses: of live rows of the snapshot, in any order; a row may be named twice.
    package func delete(_ addresses: [RowAddress], predicate: String) async throws -> RowDeletion {
        var rows: [UInt32: [UInt32]] = [:]
        for address in addresses { rows[address.fragment, default: []].append(address.offset) }
        var deletion = RowDeletion(predicate: predicate)
        for (id, chosen) in rows.sorted(by: { $0.key < $1.key }) {
            try Task.checkCancellation()
            guard let reader = snapshot.fragment(id) else {
                throw Failure(.corrupt, "there is no fragment \(id)", path: snapshot.location)
            }
            let before = try await reader.deletions()?.offsets ?? []
            let rows = try await reader.physicalRows()
            if let last = chosen.max(), Int(last) >= rows {
                throw Failure(
                    .corrupt, "row \(last) of fragment \(id) of \(rows) rows is to be deleted", path: snapshot.location)
            }
            let after = RoaringBitmap(before + chosen)
            guard after.count <= DeletionVector.most else {
                throw Failure(
                    .unsupported, "fragment \(id) would have \(after.count) deleted rows; compact the table first",
                    path: snapshot.location)
            }
            deletion.rowCount += after.count - before.count
            let file = after.count < rows ? try await write(after, of: id) : nil
            deletion.parts.append(RowDeletion.Part(before: reader.fragment.proto, deletionFile: file))
        }
        return deletion
    }

    private func write(_ offsets: RoaringBitmap, of fragment: UInt32) async throws -> ProtoDeletionFile {
        let file = ProtoDeletionFile.with {
            $0.fileType = .bitmap
            $0.readVersion = snapshot.version
            $0.id = UInt64.random(in: 0...UInt64.max)
            $0.numDeletedRows = UInt64(offsets.count)
        }
        let key = try ObjectKey(Fragment.path(of: file, fragment))
        let writer = try await snapshot.storage.create(key, durability)
        // Also where `finish` fails: its last step may have been done.
        written.append(key)
        try await writer.write(offsets.serialized)
        try await writer.finish()
        bytesWritten += Int(clamping: writer.count)
        return file
    }

    /// Removes the files again; for rows whose commit did not come to pass.
    package func discard() async {
        await snapshot.storage.discard(written)
        written = []
    }
}
