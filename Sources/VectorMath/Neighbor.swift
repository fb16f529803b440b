// SPDX-License-Identifier: Apache-2.0

/// A row and its distance from a query.
///
/// The order is by distance, then by address: it is total, so the k nearest are the same rows however the work was cut
/// into blocks and threads.
package struct Neighbor: Sendable, Hashable, Comparable, BitwiseCopyable {
    package var distance: Float
    package var address: UInt64

    package init(distance: Float, address: UInt64) {
        self.distance = distance
        self.address = address
    }

    package static func < (a: Neighbor, b: Neighbor) -> Bool {
        a.distance < b.distance || (a.distance == b.distance && a.address < b.address)
    }
}
