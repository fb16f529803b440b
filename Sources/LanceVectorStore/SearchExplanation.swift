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
    /// The index that was used; nil where every row was compared, because there is none or because the query's numbers
    /// are so large that codes say nothing.
    public var indexName: String?
    /// Partitions of all segments of the index together.
    public var partitions: Int
    /// Partitions of the segment of the index that has most.
    public var largestSegmentPartitions: Int
    /// Partitions of each segment to look into, at most those of the largest: as asked for, or as chosen for the largest.
    public var nprobes: Int
    /// Partitions that were looked into, of all segments together: ``nprobes`` of each or all it has, and more where
    /// nobody asked for a number and those did not have enough rows.
    public var partitionsProbed: Int
    /// Rows whose codes were compared.
    public var codesScanned: Int
    /// Rows of them whose distance by code was computed in full, because bounds left in doubt whether they are among the
    /// nearest.
    public var codesResolved: Int
    /// Rows whose vectors were compared exactly as candidates of the index. Without a refine factor none, but `topK`
    /// where the index does not cover all rows.
    public var candidatesReranked: Int
    /// Rows that were compared one by one: those that the index does not cover, or all where none was used.
    public var tailRows: Int
    /// Bytes that were looked at: codes, the four bytes a row that stand beside them, and vectors.
    public var bytesRead: Int
    /// The stages in order, with their times; those that did not occur are left out.
    public var stages: [Stage]
    /// What the search found.
    public var hits: [Hit]

    init(_ trace: SearchTrace, version: UInt64, hits: [Hit]) {
        self.version = version
        indexName = trace.indexName
        partitions = trace.partitions
        largestSegmentPartitions = trace.largestSegment
        nprobes = trace.scheduled
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
        case largestSegmentPartitions = "largest_segment_partitions"
        case nprobes
        case partitionsProbed = "partitions_probed"
        case codesScanned = "codes_scanned"
        case codesResolved = "codes_resolved"
        case candidatesReranked = "candidates_reranked"
        case tailRows = "tail_rows"
        case bytesRead = "bytes_read"
        case stages, hits
    }
}
