// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceIndex
import LanceTable

extension LanceVectorStore {
    /// Makes a finished segment part of the table in place of all segments of its name, or removes its files.
    ///
    /// - Returns: bytes of the files that were added.
    func commit(_ segment: IndexSegment, over field: TableField, basedOn snapshot: Snapshot) async throws -> Int {
        do {
            let replaced = try replacedIndex(segment.name, field, snapshot)
            let operation = Operation.createIndex(new: [try segment.proto()], removed: replaced.map(\.proto))
            let commit = try await table.commit(operation, basedOn: snapshot)
            return segment.files.reduce(0) { $0 + Int(clamping: $1.size) } + commit.bytesWritten
        } catch {
            // After an unknown outcome the manifest may name the files.
            if (error as? Failure)?.code != .commitUnknown {
                await segment.directory.discard(segment.files.map(\.name), in: storage)
            }
            throw error
        }
    }

    /// The segments that go when an index called `name` is committed.
    ///
    /// Ask before the work too: it would be in vain.
    func replacedIndex(_ name: String, _ field: TableField, _ snapshot: Snapshot) throws -> [IndexEntry] {
        try table.checkWritable(snapshot)
        let replaced = snapshot.indices.filter { $0.name == name }
        guard replaced.allSatisfy({ $0.fieldIDs == [field.id] }) else {
            throw Failure(
                .invalidArgument,
                "an index of another column is named '\(name)' already; drop or rename it with the official library",
                path: path)
        }
        return replaced
    }
}
