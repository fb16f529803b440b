// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import ObjectStorage

extension Snapshot {
    /// Bytes of the data and deletion files of fragments; those that are elsewhere do not count.
    package func bytes(ofFragments ids: some Sequence<UInt32>) async throws -> Int {
        var total: UInt64 = 0
        for id in ids {
            guard let fragment = fragment(id)?.fragment else { continue }
            for file in fragment.proto.files where !file.hasBaseID {
                total = total.adding(clamping: try await size(known: file.fileSizeBytes, "data/" + file.path))
            }
            if fragment.hasDeletions, !fragment.proto.deletionFile.hasBaseID {
                total = total.adding(clamping: try await size(known: 0, fragment.deletionFilePath))
            }
        }
        return Int(clamping: total)
    }

    /// Bytes of an index segment's files.
    package func bytes(of entry: IndexEntry) async throws -> Int {
        guard !entry.proto.hasBaseID else { return 0 }
        let directory = "_indices/" + entry.uuid.uuidString.lowercased()
        var total: UInt64 = 0
        for name in try await storage.names(in: ObjectKey(directory)) {
            total = total.adding(clamping: try await size(known: 0, directory + "/" + name))
        }
        return Int(clamping: total)
    }

    private func size(known: UInt64, _ key: String) async throws -> UInt64 {
        if known > 0 { return known }
        do {
            return try await storage.size(ObjectKey(key))
        } catch let failure as Failure where failure.code == .notFound {
            return 0
        }
    }
}
