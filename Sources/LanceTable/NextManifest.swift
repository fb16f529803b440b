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
        }
        proto.timestamp = Google_Protobuf_Timestamp(date: now)
        proto.writerVersion = .with {
            $0.library = library
            $0.version = libraryVersion
        }
        proto.transactionFile = transactionFile
        return Manifest(proto: proto, indices: indices, transaction: transaction)
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
            if givingRowIDs { try giveRowIDs(to: &fragment, &proto) }
            return fragment
        }
    }

    /// Gives the rows of a new fragment the next ids, and notes the version that they are of.
    private static func giveRowIDs(to fragment: inout ProtoDataFragment, _ proto: inout ProtoManifest) throws {
        let first = proto.nextRowID
        let (end, overflow) = first.addingReportingOverflow(fragment.physicalRows)
        guard !overflow else { throw Failure(.unsupported, "the table has used up its row ids") }
        proto.nextRowID = end
        let ids = ProtoRowIdSequence.with { $0.segments = [.range(first, end)] }
        let versions = ProtoRowVersionSequence.with {
            $0.runs = [
                .with {
                    $0.span = .range(0, fragment.physicalRows)
                    $0.version = proto.version
                }
            ]
        }
        fragment.inlineRowIds = try ids.serializedBytes()
        fragment.inlineCreatedAtVersions = try versions.serializedBytes()
        fragment.inlineLastUpdatedAtVersions = try versions.serializedBytes()
    }
}

extension ProtoRowIdSegment {
    static func range(_ start: UInt64, _ end: UInt64) -> ProtoRowIdSegment {
        .with {
            $0.range.start = start
            $0.range.end = end
        }
    }
}
