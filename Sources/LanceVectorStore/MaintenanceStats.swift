// SPDX-License-Identifier: Apache-2.0

/// What the upkeep of a table did, or would do.
public struct MaintenanceStats: Sendable, Codable, Equatable {
    /// One of the things that upkeep consists of.
    public enum Step: String, Sendable, Codable, CaseIterable {
        case optimize, compact, cleanup
    }

    /// Of ``LanceVectorStore/optimizeIndices(dryRun:progress:)``; nil where it was left.
    public var optimized: OptimizeStats?
    /// Of ``LanceVectorStore/compact(targetRows:dryRun:)``, of the fragments that it paid for; nil where it was left.
    public var compacted: CompactStats?
    /// Of ``LanceVectorStore/cleanup(olderThan:keep:gracePeriod:dryRun:)``; nil where it was left.
    public var cleaned: CleanupStats?
    /// What was left, wholly or in part, and why.
    public var left: [Step: String]
    /// Seconds that the call took.
    public var durationSeconds: Double

    /// Creates statistics.
    public init(
        optimized: OptimizeStats? = nil, compacted: CompactStats? = nil, cleaned: CleanupStats? = nil,
        left: [Step: String] = [:], durationSeconds: Double = 0
    ) {
        self.optimized = optimized
        self.compacted = compacted
        self.cleaned = cleaned
        self.left = left
        self.durationSeconds = durationSeconds
    }

    enum CodingKeys: String, CodingKey {
        case optimized, compacted, cleaned, left
        case durationSeconds = "duration_secs"
    }
}
