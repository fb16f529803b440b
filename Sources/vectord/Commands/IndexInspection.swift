// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceFile
import LanceTable
import ObjectStorage

/// What an index is and what it covers, by its files beside the manifest: nil for what they do not tell.
struct IndexInspection: Encodable {
    var name: String
    /// `IVF_PQ`, `BTREE` and the like.
    var type: String?
    var metric: String?
    var partitions: Int?
    /// Bits of a code.
    var bits: Int?
    /// Codes of a row.
    var subVectors: Int?
    /// Rows that it has, later deleted ones included.
    var rows: UInt64?
    /// Live rows of the version that no part of the index covers.
    var uncoveredRows: UInt64
    /// Why its files could not be looked at.
    var error: String?

    private struct Kind: Decodable {
        var type: String?
        var distance_type: String?
    }

    private struct Quantizer: Decodable {
        var nbits: Int?
        var num_sub_vectors: Int?
    }

    /// - Parameter storage: the table's.
    static func all(_ manifest: ManifestInspection, in storage: any ObjectStorage) async -> [IndexInspection] {
        var found: [IndexInspection] = []
        for index in manifest.indices { found.append(await IndexInspection(index, manifest, storage)) }
        return found
    }

    private init(_ index: ManifestInspection.Index, _ manifest: ManifestInspection, _ storage: any ObjectStorage) async
    {
        name = index.name
        let parts = manifest.indices.filter { $0.name == index.name }
        uncoveredRows = manifest.fragments.filter { fragment in
            !parts.contains { part in
                part.coveredFragments.contains { UInt64($0.first) <= fragment.id && fragment.id <= UInt64($0.last) }
            }
        }.reduce(0) { sum, fragment in
            let live = fragment.physicalRows - min(fragment.physicalRows, fragment.deletedRows)
            return sum.addingReportingOverflow(live).partialValue
        }
        func file(_ name: String) async throws -> FileInspection? {
            guard !index.uuid.isEmpty, index.files[name] != nil else { return nil }
            let bytes = try await storage.file(ObjectKey("_indices/\(index.uuid)/\(name)"), size: nil)
            return try await fetching { try FileInspection(bytes) }
        }
        do {
            if let values = try await file("page_data.lance") {
                type = index.kind == "btree" ? "BTREE" : nil
                rows = values.rows
            }
            guard let centroids = try await file("index.idx") else { return }
            let kind: Kind? = Self.decode(centroids.metadata["lance:index"])
            (type, metric) = (kind?.type, kind?.distance_type)
            let entries: [String]? = Self.decode(centroids.metadata["lance:flat"] ?? centroids.metadata["lance:hnsw"])
            partitions = entries?.count
            guard let codes = try await file("auxiliary.idx") else { return }
            rows = codes.rows
            let texts: [String]? = Self.decode(codes.metadata["storage_metadata"])
            let quantizer: Quantizer? = Self.decode(texts?.first)
            (bits, subVectors) = (quantizer?.nbits, quantizer?.num_sub_vectors)
        } catch {
            self.error = "\(error)"
        }
    }

    private static func decode<T: Decodable>(_ text: String?) -> T? {
        text.flatMap { try? JSONDecoder().decode(T.self, from: Data($0.utf8)) }
    }

    /// In one line: `IVF_PQ, cosine, 316 partitions, 48 codes of 8 bits a row`.
    var summary: String {
        var parts = [type, metric].compactMap(\.self)
        if let partitions { parts.append(Readable.plural(partitions, "partition")) }
        if let bits, let subVectors { parts.append("\(Readable.plural(subVectors, "code")) of \(bits) bits a row") }
        if let rows { parts.append(Readable.plural(Int(clamping: rows), "row")) }
        if uncoveredRows > 0 { parts.append("\(Readable.plural(Int(clamping: uncoveredRows), "row")) not covered") }
        if let error { parts.append("its files cannot be read: \(error)") }
        return parts.joined(separator: ", ")
    }
}
