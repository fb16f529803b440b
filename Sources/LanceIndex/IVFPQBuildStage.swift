// SPDX-License-Identifier: Apache-2.0

/// The parts of an index build, in order.
package enum IVFPQBuildStage: String, Sendable, CaseIterable {
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
