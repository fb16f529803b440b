// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
package import LanceFile
import LanceProto
import SwiftProtobuf

/// A version's manifest for looking at.
///
/// Goes below `Snapshot`: features and file versions that this package refuses are shown all the same.
package struct ManifestInspection: Sendable, Encodable {
    package struct Field: Sendable, Encodable {
        package var id: Int32
        package var parent: Int32
        package var name: String
        package var type: String
        package var nullable: Bool
        package var metadata: [String: String]
    }

    package struct DataFile: Sendable, Encodable {
        package var path: String
        package var version: String
        /// By the manifest; 0 where it does not tell.
        package var size: UInt64
        /// Ids of the fields whose values the file has, and the file's column for each.
        package var fields: [Int32]
        package var columns: [Int32]
        /// The base path that the file is below, where that is not the table's directory.
        package var base: UInt32?
        package var contents: FileInspection?
        /// Why `contents` could not be had.
        package var error: String?
    }

    package struct Fragment: Sendable, Encodable {
        package var id: UInt64
        /// Deleted rows included; 0 where the manifest does not tell.
        package var physicalRows: UInt64
        package var deletedRows: UInt64
        package var deletionFile: String?
        package var files: [DataFile]
    }

    /// Fragment ids that follow each other; a few bytes of a bitmap may stand for millions.
    package struct Run: Sendable, Encodable {
        package var first: UInt32
        package var last: UInt32
    }

    package struct Index: Sendable, Encodable {
        package var name: String
        package var kind: String
        package var uuid: String
        package var fields: [Int32]
        package var columns: [String]
        package var datasetVersion: UInt64
        package var coveredFragments: [Run]
        /// Whether it covers a fragment that the version has.
        package var isLive: Bool
        package var files: [String: UInt64]
        package var error: String?
    }

    package var summary: VersionInspection
    package var fields: [Field]
    package var fragments: [Fragment]
    package var indices: [Index]
    package var config: [String: String]
    package var metadata: [String: String]

    /// Looks at a manifest file of this machine.
    package static func file(at path: String) async throws -> ManifestInspection {
        ManifestInspection(try Manifest(parsing: try await LocalFile.open(path).view), path: path)
    }

    package init(_ manifest: Manifest, path: String) {
        let proto = manifest.proto
        summary = VersionInspection(manifest)
        fields = proto.fields.map { field in
            Field(
                id: field.id, parent: field.parentID, name: field.name, type: field.logicalType,
                nullable: field.nullable, metadata: Self.texts(field.metadata))
        }
        fragments = proto.fragments.map(Fragment.init)
        let alive = Set(proto.fragments.map(\.id))
        indices = manifest.indices.map { Index($0, fields: proto.fields, alive: alive, path: path) }
        config = proto.config
        metadata = Self.texts(proto.schemaMetadata)
    }

    private static func texts(_ metadata: [String: Data]) -> [String: String] {
        metadata.mapValues { String(decoding: $0, as: UTF8.self) }
    }
}

extension ManifestInspection.Fragment {
    fileprivate init(_ proto: ProtoDataFragment) {
        id = proto.id
        physicalRows = proto.physicalRows
        deletedRows = proto.deletionFile.numDeletedRows
        if proto.hasDeletionFile {
            let file = proto.deletionFile
            deletionFile = "\(proto.id)-\(file.readVersion)-\(file.id).\(file.fileType == .bitmap ? "bin" : "arrow")"
        }
        files = proto.files.map { file in
            ManifestInspection.DataFile(
                path: file.path,
                version: (file.fileMajorVersion, file.fileMinorVersion) == (0, 3)
                    ? "2.0" : "\(file.fileMajorVersion).\(file.fileMinorVersion)",
                size: file.fileSizeBytes, fields: file.fields, columns: file.columnIndices,
                base: file.hasBaseID ? file.baseID : nil)
        }
    }
}

extension ManifestInspection.Index {
    fileprivate init(_ proto: ProtoIndexMetadata, fields schema: [ProtoField], alive: Set<UInt64>, path: String) {
        name = proto.name
        fields = proto.fields
        columns = proto.fields.map { id in schema.first { $0.id == id }?.name ?? "?" }
        datasetVersion = proto.datasetVersion
        files = Dictionary(proto.files.map { ($0.path, $0.sizeBytes) }) { first, _ in first }
        do {
            let entry = try IndexEntry(proto, path: path)
            uuid = entry.uuid.uuidString.lowercased()
            kind =
                switch entry.kind {
                case .vector: "vector"
                case .btree: "btree"
                case .other(let name): name.isEmpty ? "unknown" : name
                }
            coveredFragments = Self.runs(entry.coveredFragments.values)
            isLive = entry.coveredFragments.values.contains { alive.contains(UInt64($0)) }
        } catch {
            (uuid, kind, coveredFragments, isLive) = ("", "unknown", [], false)
            self.error = "\(error)"
        }
    }

    private static func runs(_ ids: [UInt32]) -> [ManifestInspection.Run] {
        var runs: [ManifestInspection.Run] = []
        for id in ids {
            if let last = runs.last?.last, last < id, last + 1 == id {
                runs[runs.count - 1].last = id
            } else {
                runs.append(ManifestInspection.Run(first: id, last: id))
            }
        }
        return runs
    }
}
