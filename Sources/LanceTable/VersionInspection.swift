// SPDX-License-Identifier: Apache-2.0
import Foundation
import LanceProto
import SwiftProtobuf

/// One line of a table's history.
package struct VersionInspection: Sendable, Encodable {
    package var version: UInt64
    /// ISO 8601, UTC; nil where the manifest has no time.
    package var time: String?
    package var writer: String
    /// The data file version that new files get.
    package var fileVersion: String
    package var readerFlags: [String]
    package var writerFlags: [String]
    package var fragments: Int
    /// Live rows; nil where the manifest does not tell.
    package var rows: UInt64?
    package var tag: String
    package var branch: String
    package var transactionFile: String
    package var transaction: TransactionInspection?
    /// What could not be read.
    package var error: String?

    init(_ manifest: Manifest) {
        let proto = manifest.proto
        version = proto.version
        time = proto.hasTimestamp ? Self.text(proto.timestamp) : nil
        writer = "\(proto.writerVersion.library) \(proto.writerVersion.version)"
            .trimmingCharacters(in: .whitespaces)
        fileVersion = proto.dataFormat.version
        readerFlags = FeatureFlags(rawValue: proto.readerFeatureFlags).names
        writerFlags = FeatureFlags(rawValue: proto.writerFeatureFlags).names
        fragments = proto.fragments.count
        rows = Self.liveRows(proto.fragments)
        tag = proto.tag
        branch = proto.branch
        transactionFile = proto.transactionFile
        transaction = manifest.transaction.map(TransactionInspection.init)
    }

    /// A version whose manifest could not be read.
    init(version: UInt64, error: any Error) {
        self.version = version
        (writer, fileVersion, tag, branch, transactionFile) = ("", "", "", "", "")
        (readerFlags, writerFlags, fragments) = ([], [], 0)
        self.error = "\(error)"
    }

    private static func liveRows(_ fragments: [ProtoDataFragment]) -> UInt64? {
        var total: UInt64 = 0
        for fragment in fragments {
            let deleted = fragment.deletionFile.numDeletedRows
            guard fragment.physicalRows > 0, !fragment.hasDeletionFile || deleted > 0,
                deleted <= fragment.physicalRows
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(fragment.physicalRows - deleted)
            guard !overflow else { return nil }
            total = sum
        }
        return total
    }

    /// Years beyond 9999 are no time of a commit, and are shown as the number they are.
    private static func text(_ timestamp: Google_Protobuf_Timestamp) -> String {
        guard (0..<253_402_300_800).contains(timestamp.seconds) else { return "\(timestamp.seconds) s" }
        let date = Date(timeIntervalSince1970: Double(timestamp.seconds) + Double(timestamp.nanos) * 1e-9)
        return date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
