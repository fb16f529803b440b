// SPDX-License-Identifier: Apache-2.0

/// What a search did.
package struct SearchTrace: Sendable {
    package enum Stage: String, Sendable, CaseIterable {
        /// Finding the newest version and its index.
        case open
        /// Tables of the query, distances of the centroids.
        case prepare
        /// Codes of the probed partitions.
        case scan
        /// Distances in full of the rows that the codes do not rule out.
        case resolve
        /// Exact distances of the candidates.
        case refine
        /// Rows that no index covers.
        case tail
        /// Texts of the hits.
        case rows
    }

    /// Nil where no index was used.
    package var indexName: String?
    package var partitions = 0
    /// Partitions of the segment that has most.
    package var largestSegment = 0
    /// Partitions to look into of each segment, or of the largest where that differs, before more were found to be needed.
    package var scheduled = 0
    package var probed = 0
    package var codesScanned = 0
    package var resolved = 0
    package var reranked = 0
    /// Rows that were compared one by one.
    package var tailRows = 0
    /// Bytes of codes, row terms and vectors that were looked at.
    package var bytesRead = 0
    package var times: [Stage: Duration] = [:]

    package init() {}

    /// Forgets all but the times: what was found so far is of no use.
    package mutating func startAnew() {
        let times = times
        self = SearchTrace()
        self.times = times
    }
}

/// Adds the time since the last mark to a stage; does nothing where nobody asked for times.
package struct StageClock: Sendable {
    private var last: ContinuousClock.Instant?

    package init(isRunning: Bool) { last = isRunning ? ContinuousClock.now : nil }

    package mutating func mark(_ stage: SearchTrace.Stage, _ trace: inout SearchTrace) {
        guard let before = last else { return }
        let now = ContinuousClock.now
        trace.times[stage, default: .zero] += now - before
        last = now
    }
}
