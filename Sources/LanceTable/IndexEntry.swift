// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import Foundation
package import LanceProto
import SwiftProtobuf

/// An index that a manifest lists: what kind it is, and which fragments it was built over.
package struct IndexEntry: Sendable {
    package enum Kind: Sendable, Equatable {
        case vector
        case btree
        /// Another kind, or one that this package does not know, by the name of its details.
        case other(String)
    }

    package let uuid: UUID
    package let name: String
    package let fieldIDs: [Int32]
    package let datasetVersion: UInt64
    package let kind: Kind
    package let coveredFragments: RoaringBitmap
    package let proto: ProtoIndexMetadata

    package init(_ proto: ProtoIndexMetadata, path: String) throws {
        let bytes = [UInt8](proto.uuid.uuid)
        guard bytes.count == 16 else { throw Failure(.corrupt, "index '\(proto.name)' has no UUID", path: path) }
        uuid = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
        name = proto.name
        fieldIDs = proto.fields
        datasetVersion = proto.datasetVersion
        coveredFragments =
            try proto.fragmentBitmap.isEmpty
            ? RoaringBitmap()
            : RoaringBitmap(parsing: ByteView(copying: proto.fragmentBitmap, name: path), limit: 1 << 24)
        // The package name in the type URL has changed between versions of Lance; the last word has not.
        let details =
            proto.indexDetails.typeURL.split(whereSeparator: { $0 == "/" || $0 == "." }).last.map(String.init) ?? ""
        switch details.lowercased() {
        case "vectorindexdetails": kind = .vector
        case "btreeindexdetails": kind = .btree
        default: kind = .other(details)
        }
        self.proto = proto
    }
}
