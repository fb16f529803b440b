// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceProto
import SwiftProtobuf

/// What a manifest tells without its fragments: of ten thousand versions this can be looked at.
struct ManifestOutline {
    /// Seconds since 1970 by the writer's clock; nil where the manifest does not say.
    let committedAt: Double?
    /// A name in `_transactions`; empty where there is none.
    let transactionFile: String

    /// Refuses what may need files that this package does not know of.
    init(parsing file: ByteView, path: String) throws {
        let proto = try Manifest.body(of: file)
            .message(ProtoManifestOutline.self, "the manifest", keepingUnknownFields: false)
        try FeatureFlags(rawValue: proto.readerFeatureFlags).checkReadable(path)
        committedAt =
            proto.hasTimestamp ? Double(proto.timestamp.seconds) + Double(proto.timestamp.nanos) * 1e-9 : nil
        transactionFile = proto.transactionFile
    }
}
