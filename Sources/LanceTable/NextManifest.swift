// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceFile
import LanceProto
import SwiftProtobuf

/// Computes the manifest of the next version from the newest one and an operation (format reference: building the
/// next manifest). Pure: no I/O.
enum NextManifest {
    static let library = "swift-lance"
    static let libraryVersion = "0.1.0"

    /// - Parameter current: the newest manifest; nil makes the table's first version.
    static func make(
        _ operation: Operation, after current: Manifest?, transaction: ProtoTransaction, transactionFile: String,
        now: Date
    ) throws -> Manifest {
        // A copy, so that configuration, metadata and fields that this package does not know are carried along.
        var proto = current?.proto ?? ProtoManifest()
        var indices = current?.indices ?? []
        let (version, overflow) = proto.version.addingReportingOverflow(1)
        guard !overflow, version >> 63 == 0 else {
            throw Failure(.corrupt, "version \(proto.version) has no successor")
        }
        proto.version = version
        let keepsRowIDs = current?.hasStableRowIDs ?? false
        switch operation {
        case .append(let fragments):
            proto.fragments += try numbered(fragments, after: &proto, givingRowIDs: keepsRowIDs)
        case .overwrite(let fields, let fragments, let fileVersion):
            // Ids go on from where they were: an id that meant other rows before would be a trap for every cache.
            let fresh = try numbered(fragments, after: &proto, givingRowIDs: keepsRowIDs)
            proto.fields = fields
            proto.fragments = fresh
            proto.schemaMetadata = [:]
            proto.basePaths = []
            proto.tag = ""
            // That rows have ids is a choice of the table's, not of its rows'.
            let ids: FeatureFlags = keepsRowIDs ? .stableRowIDs : []
            if !keepsRowIDs { proto.nextRowID = 0 }
            proto.readerFeatureFlags = ids.rawValue
            proto.writerFeatureFlags = ids.union(proto.config.isEmpty ? [] : .tableConfig).rawValue
            proto.dataFormat.fileFormat = "lance"
            proto.dataFormat.version = fileVersion.rawValue
            indices = []
        case .createIndex(let new, let removed):
            let gone = Set(removed.map(\.uuid.uuid))
            indices.removeAll { gone.contains($0.uuid.uuid) }
            indices += new
        case .delete(let deletion):
            try delete(deletion, from: &proto)
        case .update(let deletion, let fragments, let replaced):
            let before = Dictionary(proto.fragments.map { ($0.id, $0) }) { first, _ in first }
            try delete(deletion, from: &proto)
            var fresh = try numbered(fragments, after: &proto, givingRowIDs: false)
            if keepsRowIDs { try RowLineage(before: before).give(to: &fresh, replaced, &proto) }
            proto.fragments += fresh
        case .restore(let old):
            // What was given away once is not given away again.
            let fragmentID = [highestFragmentID(old.proto), highestFragmentID(proto)].compactMap(\.self).max()
            let rowID = max(old.proto.nextRowID, proto.nextRowID)
            proto = old.proto
            proto.version = version
            proto.nextRowID = rowID
            if let fragmentID { proto.maxFragmentID = fragmentID }
            indices = old.indices
        case .reserveFragments(let count):
            let next = highestFragmentID(proto).map { UInt64($0) + 1 } ?? 0
            guard count > 0, let last = UInt32(exactly: next + UInt64(count) - 1) else {
                throw Failure(.unsupported, "the table has used up its fragment ids")
            }
            proto.maxFragmentID = last
        case .rewrite(let rewrite):
            try replace(rewrite, in: &proto, keepingRowIDs: keepsRowIDs)
            let followed = Dictionary(rewrite.indices.map { ($0.old.uuid.uuid, $0) }) { first, _ in first }
            indices = try indices.map { entry in
                guard let index = followed[entry.uuid.uuid] else { return entry }
                // Somebody may have taken fragments out of its coverage, whose values are others now.
                guard index.old == entry else {
                    throw Failure(.conflict, "index '\(entry.name)' was changed meanwhile; do it again")
                }
                return index.new
            }
        }
        proto.timestamp = Google_Protobuf_Timestamp(date: now)
        proto.writerVersion = .with {
            $0.library = library
            $0.version = libraryVersion
        }
        proto.transactionFile = transactionFile
        return Manifest(proto: proto, indices: indices, transaction: transaction)
    }

    /// Gives fragments their deletion files, and takes away those without rows.
    private static func delete(_ deletion: RowDeletion, from proto: inout ProtoManifest) throws {
        let parts = Dictionary(deletion.parts.map { ($0.before.id, $0) }) { first, _ in first }
        var found = 0
        proto.fragments = try proto.fragments.compactMap { fragment in
            guard let part = parts[fragment.id] else { return fragment }
            // The rules let nothing else through; to take the wrong rows away would be the worst of errors.
            guard fragment == part.before else {
                throw Failure(.conflict, "fragment \(fragment.id) was changed meanwhile; do it again")
            }
            found += 1
            return part.after
        }
        guard found == parts.count else {
            throw Failure(.conflict, "fragments that lose rows are gone meanwhile; do it again")
        }
        let flag = FeatureFlags.deletionFiles.rawValue
        if proto.fragments.contains(where: \.hasDeletionFile) {
            proto.readerFeatureFlags |= flag
            proto.writerFeatureFlags |= flag
        }
    }

    /// Puts fragments in the place of others.
    private static func replace(
        _ rewrite: FragmentRewrite, in proto: inout ProtoManifest, keepingRowIDs: Bool
    ) throws {
        let before = Dictionary(proto.fragments.map { ($0.id, $0) }) { first, _ in first }
        var gone = Set<UInt64>()
        var fresh: [ProtoDataFragment] = []
        for group in rewrite.groups {
            for fragment in group.old {
                guard before[fragment.id] == fragment else {
                    throw Failure(.conflict, "fragment \(fragment.id) was changed meanwhile; do it again")
                }
                gone.insert(fragment.id)
            }
            var new = group.new
            if keepingRowIDs { try RowLineage(before: before).carry(group, to: &new) }
            fresh += new
        }
        proto.fragments.removeAll { gone.contains($0.id) }
        proto.fragments = (proto.fragments + fresh).sorted { $0.id < $1.id }
        for (one, next) in zip(proto.fragments, proto.fragments.dropFirst()) where one.id == next.id {
            throw Failure(.corrupt, "two fragments have the id \(one.id)")
        }
        if let last = proto.fragments.last, last.id > UInt64(proto.maxFragmentID) {
            proto.maxFragmentID = UInt32(clamping: last.id)
        }
    }

    private static func highestFragmentID(_ proto: ProtoManifest) -> UInt32? {
        let known = proto.fragments.map(\.id).max().map { UInt32(clamping: $0) }
        guard proto.hasMaxFragmentID else { return known }
        return max(proto.maxFragmentID, known ?? 0)
    }

    /// The fragments with the ids after the highest ever used, which is recorded: an id used twice would make an old
    /// index answer for new rows.
    ///
    /// - Parameter givingRowIDs: the rows get ids of their own, which they keep when they move.
    private static func numbered(
        _ fragments: [ProtoDataFragment], after proto: inout ProtoManifest, givingRowIDs: Bool
    ) throws -> [ProtoDataFragment] {
        var next: UInt64 = 0
        if proto.hasMaxFragmentID { next = UInt64(proto.maxFragmentID) + 1 }
        if let last = proto.fragments.map(\.id).max() { next = max(next, last &+ 1) }
        return try fragments.map { fragment in
            guard let id = UInt32(exactly: next) else {
                throw Failure(.unsupported, "the table has used up its fragment ids")
            }
            var fragment = fragment
            fragment.id = next
            proto.maxFragmentID = id
            next += 1
            if givingRowIDs { try RowLineage.giveFreshIDs(to: &fragment, &proto) }
            return fragment
        }
    }
}
