// SPDX-License-Identifier: Apache-2.0

/// How far two vectors are apart, for a vector index. Smaller is nearer.
public enum DistanceMetric: String, Sendable, Codable, CaseIterable {
    /// 1 - cos(q, x), in 0...2. Zero vectors have none and are not found.
    case cosine
    /// The squared Euclidean distance.
    case l2
    /// 1 - q·x, for vectors whose length means something; unbounded on both sides.
    case dot
}

/// What ``LanceVectorStore/buildIndex(numPartitions:numBits:numSubVectors:metric:seed:progress:)`` built.
public struct IndexStats: Sendable, Codable, Equatable {
    /// `vec_idx`.
    public var name: String
    /// Partitions.
    public var numPartitions: Int
    /// Bits of a code: 8 or 4.
    public var numBits: Int
    /// Codes of a row.
    public var numSubVectors: Int
    /// Seconds from the call to the durable commit.
    public var buildTimeSeconds: Double
    /// Bytes of the files that were added.
    public var diskBytesAdded: Int

    /// Creates statistics.
    public init(
        name: String, numPartitions: Int, numBits: Int, numSubVectors: Int, buildTimeSeconds: Double,
        diskBytesAdded: Int
    ) {
        self.name = name
        self.numPartitions = numPartitions
        self.numBits = numBits
        self.numSubVectors = numSubVectors
        self.buildTimeSeconds = buildTimeSeconds
        self.diskBytesAdded = diskBytesAdded
    }

    enum CodingKeys: String, CodingKey {
        case name
        case numPartitions = "num_partitions"
        case numBits = "num_bits"
        case numSubVectors = "num_sub_vectors"
        case buildTimeSeconds = "build_time_secs"
        case diskBytesAdded = "disk_bytes_added"
    }
}

/// How far an index build is.
public struct IndexProgress: Sendable, Equatable {
    /// The parts of a build, in order.
    public enum Stage: String, Sendable, CaseIterable {
        /// Looking for vectors that can be indexed.
        case survey
        /// Finding the centroids of the partitions.
        case trainPartitions = "train_partitions"
        /// Finding the code words.
        case trainCodes = "train_codes"
        /// Finding each row's partition.
        case assign
        /// Finding each row's codes.
        case encode
        /// Writing the files.
        case write
    }

    /// The part that runs.
    public var stage: Stage
    /// How much of it is done, in 0...1. Training often ends before all of it was needed, and then leaps to 1.
    public var fraction: Double

    /// Creates a report.
    public init(stage: Stage, fraction: Double) {
        self.stage = stage
        self.fraction = fraction
    }
}
