// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
package import VectorMath

/// What the two files of an IVF_PQ segment say of themselves in their schemas' metadata.
///
/// | file | key | value |
/// |---|---|---|
/// | index.idx | `lance:index` | `{"type":"IVF_PQ","distance_type":"cosine"}` |
/// | index.idx | `lance:flat` | an array of an empty string a partition; of a graph index, its graphs |
/// | auxiliary.idx | `distance_type` | `cosine` |
/// | auxiliary.idx | `storage_metadata` | an array of one string, which is `Quantizer` as JSON |
/// | both | `lance:ivf` | the number of the global buffer with the partitions |
/// | auxiliary.idx | `swift_lance:row_terms` | the number of the global buffer with a float32 a row: \|r\|² + 2 c·r. This package's own, to be left out at will: others neither need nor look for it |
enum IVFPQMetadata {
    static let indexFile = "index.idx"
    static let codesFile = "auxiliary.idx"
    static let indexKey = "lance:index"
    static let flatKey = "lance:flat"
    static let partitionsKey = "lance:ivf"
    static let metricKey = "distance_type"
    static let termsKey = "swift_lance:row_terms"
    static let storageKey = "storage_metadata"
    static let rowIDColumn = "_rowid"
    static let codeColumn = "__pq_code"
    static let markerColumn = "__flat_marker"
    static let type = "IVF_PQ"

    struct Kind: Decodable {
        var type: String
        var metric: String

        enum CodingKeys: String, CodingKey {
            case type
            case metric = "distance_type"
        }
    }

    struct Quantizer: Decodable {
        /// The number of the global buffer with the code words; 0 in files from before there was one.
        var codebookPosition: Int
        var bits: Int
        var subVectors: Int
        var dimension: Int
        /// Codes of a partition stand column by column: code byte j of all its rows, then code byte j + 1.
        var transposed: Bool

        enum CodingKeys: String, CodingKey {
            case codebookPosition = "codebook_position"
            case bits = "nbits"
            case subVectors = "num_sub_vectors"
            case dimension
            case transposed
        }
    }

    static func kind(of file: IndexFile) throws -> Kind { try decode(Kind.self, indexKey, file) }

    static func quantizer(of file: IndexFile) throws -> Quantizer {
        let parts = try decode([String].self, storageKey, file)
        guard parts.count == 1 else {
            throw file.corrupt("the index file's '\(storageKey)' has \(parts.count) entries, expected 1")
        }
        return try decode(Quantizer.self, text: parts[0], storageKey, file)
    }

    // MARK: Writing

    // By hand: the keys in the official order, and no slash escaped.

    static func kind(of model: IVFPQModel) -> Data {
        Data(#"{"type":"\#(type)","distance_type":"\#(model.metric.indexName)"}"#.utf8)
    }

    static func storage(of model: IVFPQModel, codebookPosition: Int) -> Data {
        let quantizer =
            #"{"codebook_position":\#(codebookPosition),"nbits":\#(model.bits),"num_sub_vectors":\#(model.subVectors),"#
            + #""dimension":\#(model.dimension),"codebook_tensor":[],"transposed":true}"#
        return Data("[\"\(quantizer.replacing("\"", with: "\\\""))\"]".utf8)
    }

    static func emptyStrings(_ count: Int) -> Data {
        Data("[\(Array(repeating: "\"\"", count: count).joined(separator: ","))]".utf8)
    }

    // MARK: Reading

    private static func decode<T: Decodable>(_ type: T.Type, _ key: String, _ file: IndexFile) throws -> T {
        try decode(type, text: file.required(key), key, file)
    }

    private static func decode<T: Decodable>(_ type: T.Type, text: String, _ key: String, _ file: IndexFile) throws
        -> T
    {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw file.corrupt("the index file's '\(key)' is not what was expected: \(error)")
        }
    }
}

extension Metric {
    /// The metric that index files call by this name; nil for those that this package does not know.
    package init?(indexName: String) {
        switch indexName.lowercased() {
        case "l2", "euclidean": self = .l2
        case "cosine": self = .cosine
        case "dot": self = .dot
        default: return nil
        }
    }

    /// The name that index files call it by.
    package var indexName: String {
        switch self {
        case .l2: "l2"
        case .cosine: "cosine"
        case .dot: "dot"
        }
    }
}
