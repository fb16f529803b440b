// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
import LanceFile
package import LanceProto
import SwiftProtobuf

/// One version of a table as its manifest file tells it.
///
/// ```
/// [u32 length | IndexSection]  [u32 length | Transaction]   anywhere, found by position
/// P       u32 length | Manifest
/// EOF-16  i64 P | i16 0 | i16 2 | "LANC"
/// ```
package struct Manifest: Sendable {
    /// With the fields that this package does not know, which a rewrite carries along.
    package var proto: ProtoManifest
    package var indices: [ProtoIndexMetadata]
    /// The commit that made this version, where it stands in the manifest file itself.
    package var transaction: ProtoTransaction?

    private static let footerLength = 16
    private static let magic = Array("LANC".utf8)

    package init(proto: ProtoManifest, indices: [ProtoIndexMetadata], transaction: ProtoTransaction?) {
        self.proto = proto
        self.indices = indices
        self.transaction = transaction
    }

    package init(parsing file: ByteView) throws {
        proto = try Self.body(of: file).message(ProtoManifest.self, "the manifest")
        indices = []
        if proto.hasIndexSection {
            indices = try Self.section(file, proto.indexSection, "the index section")
                .message(ProtoIndexSection.self, "the index section").indices
        }
        let inline = proto.hasTransactionSection ? proto.transactionSection : nil
        let next = proto.hasTransactionSectionNext ? proto.transactionSectionNext : nil
        transaction = try (inline ?? next).map {
            try Self.section(file, $0, "the transaction").message(ProtoTransaction.self, "the transaction")
        }
    }

    /// The section of a manifest file that is the message.
    static func body(of file: ByteView) throws -> ByteView {
        guard file.count >= Self.footerLength else { throw file.corrupt("\(file.count) bytes are no manifest") }
        let end = file.count - Self.footerLength
        guard try file.slice(file.count - 4, 4).bytes == Self.magic else {
            throw file.corrupt("not a manifest: it does not end with \"LANC\"", at: file.count - 4)
        }
        guard let position = Int(exactly: try file.load(Int64.self, at: end)), position >= 0, position <= end else {
            throw file.corrupt("the manifest's position is outside the file", at: end)
        }
        let body = try Self.section(file, UInt64(position), "the manifest")
        guard position + 4 + body.count == end else {
            throw file.corrupt("a manifest of \(body.count) bytes does not end at the footer", at: position)
        }
        return body
    }

    /// Seconds since 1970 by the writer's clock; nil where the manifest does not say.
    var committedAt: Double? {
        guard proto.hasTimestamp else { return nil }
        return Double(proto.timestamp.seconds) + Double(proto.timestamp.nanos) * 1e-9
    }

    /// Rows keep their ids when they move.
    var hasStableRowIDs: Bool { FeatureFlags(rawValue: proto.readerFeatureFlags).contains(.stableRowIDs) }

    private static func section(_ file: ByteView, _ position: UInt64, _ what: String) throws -> ByteView {
        let length = try file.slice(position, 4, "the length of \(what)").load(UInt32.self, at: 0)
        return try file.slice(position + 4, UInt64(length), what)
    }

    /// The manifest file. Positions are computed anew: they cannot be inherited.
    package func serialized() throws -> [UInt8] {
        var writer = ByteWriter()
        var proto = proto
        proto.clearIndexSection()
        proto.clearTransactionSection()
        proto.clearTransactionSectionNext()
        if !indices.isEmpty {
            proto.indexSection = UInt64(writer.count)
            try Self.append(ProtoIndexSection.with { $0.indices = indices }, to: &writer)
        }
        if let transaction {
            // Field 21 is read by every Lance since 4; field 23, which 14 writes, is not.
            proto.transactionSection = UInt64(writer.count)
            try Self.append(transaction, to: &writer)
        }
        let position = Int64(writer.count)
        try Self.append(proto, to: &writer)
        writer.write(position)
        writer.write(Int16(0))
        writer.write(Int16(2))
        writer.write(Self.magic)
        return writer.bytes
    }

    private static func append(_ message: some Message, to writer: inout ByteWriter) throws {
        let bytes: [UInt8] = try message.serializedBytes()
        guard let length = UInt32(exactly: bytes.count) else {
            throw Failure(.invalidArgument, "a manifest section of \(bytes.count) bytes; compact the table")
        }
        writer.write(length)
        writer.write(bytes)
    }
}
