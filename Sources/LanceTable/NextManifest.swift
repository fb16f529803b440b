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
        switch operation {
        case .append(let fragments):
            proto.fragments += try numbered(fragments, after: &proto)
        case .overwrite(let fields, let fragments, let fileVersion):
            // Ids go on from where they were: an id that meant other rows before would be a trap for every cache.
            let fresh = try numbered(fragments, after: &proto)
            proto.fields = fields
            proto.fragments = fresh
            proto.schemaMetadata = [:]
            proto.nextRowID = 0
            proto.basePaths = []
            proto.tag = ""
            proto.readerFeatureFlags = 0
            proto.writerFeatureFlags = proto.config.isEmpty ? 0 : FeatureFlags.tableConfig.rawValue
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
    private static func numbered(_ fragments: [ProtoDataFragment], after proto: inout ProtoManifest) throws
        -> [ProtoDataFragment]
    {
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
            return fragment
        }
    }
}
