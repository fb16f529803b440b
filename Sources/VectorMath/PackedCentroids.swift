// SPDX-License-Identifier: Apache-2.0
import CVectorKernels

/// What "nearest" means when rows are assigned to centroids.
package enum AssignmentMetric: Sendable {
    /// The smallest Euclidean distance.
    case l2
    /// The largest dot product.
    case dot
}

/// Centroids in the order in which the kernels read them: the nearest one for each of many rows.
package struct PackedCentroids: Sendable {
    package let count: Int
    package let dimension: Int
    package let metric: AssignmentMetric

    /// The panels that `vk_assign` describes, then a bias for each place in them.
    private let floats: AlignedBuffer<Float>
    private let panelFloats: Int

    /// - Parameter centroids: at least `count * dimension` floats; `count` is at least 1.
    package init(_ centroids: [Float], count: Int, dimension: Int, metric: AssignmentMetric) {
        precondition(centroids.count >= count * dimension)
        self = centroids.withUnsafeBufferPointer {
            PackedCentroids($0.baseAddress, count: count, dimension: dimension, metric: metric)
        }
    }

    /// A part of a larger array; nil is right when there are no floats at all.
    init(_ centroids: UnsafePointer<Float>?, count: Int, dimension: Int, metric: AssignmentMetric) {
        precondition(count > 0, "there is no nearest of no centroids")
        self.count = count
        self.dimension = dimension
        self.metric = metric
        let panel = Int(VK_PANEL)
        let places = (count + panel - 1) / panel * panel
        panelFloats = vk_packed_floats(count, dimension)
        floats = AlignedBuffer<Float>(panelFloats + places)
        let bias = floats.pointer + panelFloats
        (bias + count).update(repeating: .infinity, count: places - count)
        bias.update(repeating: 0, count: count)
        guard let centroids else { return }
        vk_pack_centroids(centroids, count, dimension, floats.pointer)
        guard metric == .l2 else { return }
        for index in 0..<count {
            bias[index] = VectorKernels.squaredNorm(centroids + index * dimension, dimension: dimension)
        }
    }

    /// The number of the nearest centroid of each row, the lowest one among equally near; 0 for a row with a NaN.
    ///
    /// Allocates nothing. A row's result does not depend on the rows beside it.
    /// - Parameters:
    ///   - rows: row `i` is the `dimension` floats from `rows + i * stride` on, at any address.
    ///   - scores: for l2, what added to the row's squared norm is its squared distance from that centroid;
    ///     for dot, the dot product times -2.
    package func assign(
        rows: UnsafePointer<Float>, stride: Int, count: Int, into nearest: UnsafeMutablePointer<UInt32>,
        scores: UnsafeMutablePointer<Float>? = nil
    ) {
        vk_assign(
            rows, stride, count, dimension, floats.pointer, floats.pointer + panelFloats, self.count, nearest, scores)
    }
}
