// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import LanceTable
import ObjectStorage
import SwiftProtobuf
import Testing
import TestSupport

struct ManifestTests {
    private let path = "table-4.0.2/_versions/18446744073709551608.manifest"

    /// Field 999 (varint 7) and field 1000 (bytes "new"), as a later Lance might write them.
    private let unknown: [UInt8] = [0xb8, 0x3e, 0x07, 0xc2, 0x3e, 0x03] + Array("new".utf8)

    private func withUnknown<M: Message>(_ message: M) throws -> M {
        let bytes: [UInt8] = try message.serializedBytes()
        return try M(serializedBytes: bytes + unknown)
    }

    @Test(arguments: ["table-4.0.2", "table-14.0.2", "table-old-names"]) func roundTrips(_ name: String) async throws {
        let storage = Fixtures.storage(name)
        for version in try await storage.names(in: ObjectKey("_versions")) where version.hasSuffix(".manifest") {
            let first = try Manifest(parsing: await storage.open(ObjectKey("_versions/" + version)).view)
            let second = try Manifest(parsing: ByteView(copying: first.serialized()))
            var expected = first.proto
            // Positions are those of the new file, and the transaction's stands where every reader looks.
            expected.clearTransactionSectionNext()
            expected.transactionSection = second.proto.transactionSection
            if second.proto.hasIndexSection { expected.indexSection = second.proto.indexSection }
            #expect(second.proto == expected)
            #expect(second.indices == first.indices && second.transaction == first.transaction)
            #expect(try second.serialized() == first.serialized())
        }
    }

    @Test func unknownFieldsSurviveACommit() async throws {
        let storage = MemoryStorage()
        let table = Table(storage, .relaxed)
        let first = try await TestTable.overwrite(0..<10, table, basedOn: nil)
        var index = ProtoIndexMetadata.with {
            $0.uuid.uuid = Data(0..<16)
            $0.name = "an index"
        }
        index = try withUnknown(index)
        let fragments = try first.manifest.proto.fragments.map { fragment in
            var fragment = try withUnknown(fragment)
            fragment.files = try fragment.files.map { try withUnknown($0) }
            return fragment
        }
        var proto = first.manifest.proto
        proto.version = 2
        proto.fragments = fragments
        proto.config = ["key": "value"]
        proto.writerFeatureFlags = 8
        proto.schemaMetadata = ["a": Data([1])]
        proto.tableMetadata = ["b": "c"]
        proto.fields = try proto.fields.map { try withUnknown($0) }
        let bytes = try Manifest(proto: withUnknown(proto), indices: [index], transaction: nil).serialized()
        _ = try await storage.putIfAbsent(ObjectKey("_versions/" + NamingScheme.v2.name(of: 2)), bytes, .relaxed)

        let third = try await TestTable.append(10..<15, table)
        #expect(third.version == 3)
        let read = try await Table(storage).latest().manifest
        #expect([UInt8](read.proto.unknownFields.data) == unknown)
        #expect(Array(read.proto.fragments.prefix(1)) == fragments)
        #expect([UInt8](read.proto.fragments[0].files[0].unknownFields.data) == unknown)
        #expect(read.proto.fields == proto.fields)
        #expect(read.indices == [index])
        #expect(read.proto.config == proto.config && read.proto.writerFeatureFlags == 8)
        #expect(read.proto.schemaMetadata == proto.schemaMetadata && read.proto.tableMetadata == proto.tableMetadata)
        #expect(try await TestTable.ids(third) == Array(0..<15))
    }

    @Test func layout() throws {
        let bytes = try Manifest(
            proto: .with { $0.version = 3 }, indices: [.init()], transaction: .with { $0.uuid = "u" }
        ).serialized()
        let view = ByteView(copying: bytes)
        #expect(Array(bytes.suffix(8)) == [0, 0, 2, 0] + Array("LANC".utf8))
        let position = Int(try view.load(Int64.self, at: bytes.count - 16))
        #expect(position + 4 + Int(try view.load(UInt32.self, at: position)) == bytes.count - 16)
        let parsed = try Manifest(parsing: view)
        #expect(parsed.proto.version == 3 && parsed.indices.count == 1 && parsed.transaction?.uuid == "u")
    }

    @Test func footersThatMakeNoSense() throws {
        let good = try Fixtures.bytes(path)
        let parse = { (bytes: [UInt8]) in try Manifest(parsing: ByteView(copying: bytes, name: "m")) }
        #expect(try parse(good).proto.version == 7)
        for position in [
            Int64(0), 1, -1, Int64.min, Int64.max, Int64(good.count), Int64(good.count - 16), Int64(good.count - 17),
            1 << 40,
        ] {
            var bytes = good
            bytes.replaceSubrange(
                good.count - 16..<good.count - 8, with: withUnsafeBytes(of: position.littleEndian) { Array($0) })
            let failure = #expect(throws: Failure.self) { try parse(bytes) }
            #expect(failure?.code == .corrupt && failure?.path == "m")
        }
        for count in 0..<good.count { #expect(throws: Failure.self) { try parse(Array(good[..<count])) } }
        var proto = try parse(good).proto
        for section in [UInt64.max, 1 << 63, UInt64(good.count), UInt64(Int.max)] {
            proto.indexSection = section
            var writer = ByteWriter()
            let body: [UInt8] = try proto.serializedBytes()
            writer.write(UInt32(body.count))
            writer.write(body)
            writer.write(Int64(0))
            writer.write([0, 0, 2, 0] + Array("LANC".utf8))
            #expect(throws: Failure.self) { try parse(writer.bytes) }
        }
    }

    @Test func nestingWithoutEndThrows() throws {
        // Field 17 as groups within groups, which a parser would follow unless it counts.
        var writer = ByteWriter()
        let body = [UInt8](repeating: 0x0b, count: 100_000)
        writer.write(UInt32(body.count))
        writer.write(body)
        writer.write(Int64(0))
        writer.write([0, 0, 2, 0] + Array("LANC".utf8))
        #expect(throws: Failure.self) { try Manifest(parsing: ByteView(copying: writer.bytes)) }
    }

    // MARK: Names

    @Test func names() throws {
        #expect(NamingScheme.v1.name(of: 7) == "7.manifest")
        #expect(NamingScheme.v2.name(of: 1) == "18446744073709551614.manifest")
        #expect(NamingScheme.v2.name(of: UInt64.max - 5) == "00000000000000000005.manifest")
        for version in [UInt64(1), 2, 10, 12345, 1 << 40, 1 << 62] {
            for scheme in [NamingScheme.v1, .v2] {
                let name = try #require(ManifestName(scheme.name(of: version)))
                #expect(name.version == version && name.scheme == scheme)
            }
        }
    }

    @Test(arguments: [
        "latest_version_hint.json", "d9223372036854775809.manifest", ".tmp-1", ".tmp-1.manifest", "1.manifest#1",
        "1.manifest.tmp",
        "18446744073709551614.manifest#1", "manifest", ".manifest", "-1.manifest", "+1.manifest", "1a.manifest",
        " 1.manifest",
        "01.manifest", "007.manifest", "99999999999999999999.manifest", "999999999999999999999.manifest", "１.manifest",
        "1.Manifest",
    ]) func otherNamesAreNoVersions(_ name: String) {
        #expect(ManifestName(name) == nil)
    }

    @Test func listings() throws {
        let found = try ManifestName.versions(
            among: ["10.manifest", "9.manifest", "latest_version_hint.json", "2.manifest", "d9.manifest", ".tmp-x"],
            path: "p")
        #expect(found.map(\.version) == [2, 9, 10])
        #expect(try ManifestName.versions(among: [], path: "p").isEmpty)
        let failure = #expect(throws: Failure.self) {
            try ManifestName.versions(among: ["1.manifest", NamingScheme.v2.name(of: 2)], path: "p")
        }
        #expect(failure?.code == .corrupt && failure?.path == "p")
    }
}
