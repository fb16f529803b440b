// SPDX-License-Identifier: Apache-2.0

/// How far two vectors are apart. Always smaller is nearer.
package enum Metric: String, CaseIterable, Sendable {
    /// 1 - cos(q, x), within 0...2. A row of zeros has no direction and so no distance.
    case cosine
    /// The squared Euclidean distance: same order as the distance, without its root.
    case l2
    /// 1 - q·x, unbounded on both sides.
    case dot
}
