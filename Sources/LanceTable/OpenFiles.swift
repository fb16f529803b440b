// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceProto
import ObjectStorage
import Synchronization

/// The data and deletion files that a table has opened, by name: they never change, so one opening is enough.
final class OpenFiles: Sendable {
    private let state = Mutex(State())

    private struct State {
        var data: [String: DataFileReader] = [:]
        var deletions: [String: DeletionVector] = [:]
    }

    /// - Parameters:
    ///   - path: the file's key in `storage`.
    ///   - size: the file's as the manifest has it; 0 where it has none.
    func dataFile(_ path: String, size: UInt64, in storage: any ObjectStorage) async throws -> DataFileReader {
        let name = storage.location + "/" + path
        if let known = state.withLock({ $0.data[name] }) { return known }
        let opened = try await DataFileReader.open(
            ObjectKey(path), size: size > 0 ? size : nil, in: storage)
        // Another task may have been faster; then both have the same bytes and the first stays.
        return state.withLock { state in
            if let known = state.data[name] { return known }
            state.data[name] = opened
            return opened
        }
    }

    func deletions(_ path: String, _ load: () async throws -> DeletionVector) async throws -> DeletionVector {
        if let known = state.withLock({ $0.deletions[path] }) { return known }
        let loaded = try await load()
        state.withLock { $0.deletions[path] = loaded }
        return loaded
    }

    /// Forgets the files that `snapshot` does not have; whoever still reads them keeps them open.
    func keepOnly(_ fragments: [Fragment]) {
        // By their own names, which are unique wherever they are.
        let data = Set(fragments.flatMap { $0.proto.files.map { $0.path.split(separator: "/").last ?? "" } })
        let deletions = Set(fragments.filter(\.hasDeletions).map(\.deletionFilePath))
        state.withLock { state in
            state.data = state.data.filter { data.contains($0.key.split(separator: "/").last ?? "") }
            state.deletions = state.deletions.filter { deletions.contains($0.key) }
        }
    }
}
