// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import Foundation
package import LanceProto
import SwiftProtobuf

/// One index segment whose files are written: all that its entry in a manifest tells.
///
/// Several segments of one name are one index.
package struct IndexSegment: Sendable {
    /// A file of the segment's directory.
    package struct File: Sendable, Hashable {
        package var name: String
        /// Exact: readers take the file's end from here without asking the storage.
        package var size: UInt64

        package init(_ name: String, size: UInt64) {
            self.name = name
            self.size = size
        }
    }

    package var uuid: UUID
    package var name: String
    package var fieldIDs: [Int32]
    /// The version whose rows were indexed.
    package var datasetVersion: UInt64
    package var coveredFragments: RoaringBitmap
    package var details: IndexDetails
    package var files: [File]
    package var created: Date
    /// Whether a BTREE over rows that keep their ids speaks of their addresses all the same.
    package var holdsAddresses = false

    package init(
        uuid: UUID, name: String, fieldIDs: [Int32], datasetVersion: UInt64, coveredFragments: RoaringBitmap,
        details: IndexDetails, files: [File], created: Date = Date()
    ) {
        self.uuid = uuid
        self.name = name
        self.fieldIDs = fieldIDs
        self.datasetVersion = datasetVersion
        self.coveredFragments = coveredFragments
        self.details = details
        self.files = files
        self.created = created
    }

    package var directory: IndexDirectory { IndexDirectory(uuid) }

    /// The entry for a manifest.
    package func proto() throws -> ProtoIndexMetadata {
        // To Lance an empty bitmap is an index that could not be built: it looks for no files and then fails.
        guard !coveredFragments.isEmpty else {
            throw Failure(.invalidArgument, "an index segment '\(name)' that covers no fragment cannot be listed")
        }
        var proto = ProtoIndexMetadata()
        proto.uuid.uuid = withUnsafeBytes(of: uuid.uuid) { Data($0) }
        proto.fields = fieldIDs
        proto.name = name
        proto.datasetVersion = datasetVersion
        proto.fragmentBitmap = Data(coveredFragments.serialized)
        proto.indexDetails = try details.any()
        proto.indexVersion = holdsAddresses ? IndexDetails.btreeOfAddresses : details.indexVersion
        proto.createdAt = UInt64(max(created.timeIntervalSince1970, 0) * 1000)
        proto.files = files.map { file in
            .with {
                $0.path = file.name
                $0.sizeBytes = file.size
            }
        }
        return proto
    }
}
