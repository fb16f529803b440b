// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import ObjectStorage

/// What a version needs of a table's directory, as names of whole units: a data file with what stands beside it, a deletion
/// file, the directory of an index, a transaction file.
enum NamedFiles {
    static let transactions = "_transactions/"
    private static let data = "data"
    private static let ending = ".lance"
    private static let blobEnding = ".blob"

    /// The unit that an object belongs to; nil for what is not this package's to remove.
    static func unit(of key: ObjectKey) -> String? {
        let parts = key.components
        guard parts.count >= 2 else { return nil }
        switch parts[0] {
        case data:
            if key.name.hasSuffix(ending) { return key.description }
            // Blobs outside a data file stand in a directory that is called as the file is.
            guard parts.count == 3, key.name.hasSuffix(blobEnding) else { return nil }
            return unit(ofData: parts[1] + ending)
        case "_deletions", "_transactions": return parts.count == 2 ? key.description : nil
        case "_indices": return parts.count > 2 ? unit(ofIndex: parts[1]) : nil
        case "_versions": return parts.count == 2 && parts[1].hasPrefix(".tmp-") ? key.description : nil
        case "_refs": return parts.count == 3 && parts[2].hasPrefix(".tmp-") ? key.description : nil
        default: return nil
        }
    }

    /// Everything that a version names here, but for its manifest. What it has elsewhere is not ours.
    static func units(of manifest: Manifest, path: String) throws -> Set<String> {
        var units = Set<String>()
        for proto in manifest.proto.fragments {
            for file in proto.files where !file.hasBaseID { units.insert(unit(ofData: file.path)) }
            if proto.hasDeletionFile, !proto.deletionFile.hasBaseID {
                let fragment = try Fragment(proto, path: path)
                if fragment.hasDeletions { units.insert(fragment.deletionFilePath) }
            }
        }
        for index in manifest.indices where !index.hasBaseID {
            units.insert(unit(ofIndex: try IndexEntry(index, path: path).uuid.uuidString))
        }
        if !manifest.proto.transactionFile.isEmpty { units.insert(transactions + manifest.proto.transactionFile) }
        return units
    }

    /// Whether a version's rows are lost without a unit: those of indices and transactions can be done without.
    static func hasRows(_ unit: String) -> Bool { unit.hasPrefix(data + "/") || unit.hasPrefix("_deletions/") }

    /// The directory of a data file's blobs; nil where it has none.
    static func blobDirectory(of unit: String) -> String? {
        unit.hasPrefix(data + "/") && unit.hasSuffix(ending) ? String(unit.dropLast(ending.count)) : nil
    }

    private static func unit(ofData path: String) -> String { "\(data)/\(path)" }
    private static func unit(ofIndex uuid: String) -> String { "_indices/\(uuid.lowercased())" }
}
