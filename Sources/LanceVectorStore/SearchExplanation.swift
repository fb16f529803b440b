// SPDX-License-Identifier: Apache-2.0
import VectorSearch

/// What a search did, from ``LanceVectorStore/explain(_:topK:nprobes:refineFactor:)``.
public struct SearchExplanation: Sendable, Codable, Equatable {
    /// A part of the search.
    public struct Stage: Sendable, Codable, Equatable {
        /// `open`, `prepare`, `scan`, `resolve`, `refine`, `tail` or `rows`.
        public var name: String
        /// Microseconds that it took.
        public var microseconds: Double

        /// Creates a stage.
        public init(name: String, microseconds: Double) {
            self.name = name
            self.microseconds = microseconds
        }
    }

    /// The version that was searched.
    public var version: UInt64
    /// The index that was used; nil where every row was compared.
    public var indexName: String?
    /// Partitions of all segments of the index.
    public var partitions: Int
    /// Partitions that were looked into.
    public var partitionsProbed: Int
    /// Rows whose codes were compared.
    public var codesScanned: Int
    /// Rows of them whose distance had to be computed in full, because the bound by bytes did not rule them out.
    public var codesResolved: Int
    /// Rows whose vectors were compared exactly as candidates of the index.
    public var candidatesReranked: Int
    /// Rows that the index does not cover, which were compared one by one.
    public var tailRows: Int
    /// Bytes of codes and vectors that were looked at.
    public var bytesRead: Int
    /// The stages in order, with their times; those that did not occur are left out.
    public var stages: [Stage]
    /// What the search found.
    public var hits: [Hit]

    init(_ trace: SearchTrace, version: UInt64, hits: [Hit]) {
        self.version = version
        indexName = trace.indexName
        partitions = trace.partitions
        partitionsProbed = trace.probed
        codesScanned = trace.codesScanned
        codesResolved = trace.resolved
        candidatesReranked = trace.reranked
        tailRows = trace.tailRows
        bytesRead = trace.bytesRead
        stages = SearchTrace.Stage.allCases.compactMap { stage in
            trace.times[stage].map { Stage(name: stage.rawValue, microseconds: $0 / .microseconds(1)) }
        }
        self.hits = hits
    }

    enum CodingKeys: String, CodingKey {
        case version
        case indexName = "index"
        case partitions
        case partitionsProbed = "partitions_probed"
        case codesScanned = "codes_scanned"
        case codesResolved = "codes_resolved"
        case candidatesReranked = "candidates_reranked"
        case tailRows = "tail_rows"
        case bytesRead = "bytes_read"
        case stages, hits
    }
}
