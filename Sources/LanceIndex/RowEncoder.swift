// SPDX-License-Identifier: Apache-2.0
import VectorMath

/// Finds the codes of rows in the way of the index's metric.
struct RowEncoder: Sendable {
    private enum Codes {
        /// The nearest words: of the rows themselves.
        case plain(ProductQuantizer.Encoder)
        /// The nearest words: of rows less their centroids.
        case residual(ProductQuantizer.Encoder)
        /// Words that keep the order of distances: of rows less their centroids.
        case balanced(ProductQuantizer.BalancedEncoder)
    }

    private let codes: Codes
    private let dimension: Int
    private let centroids: [Float]

    init(_ model: IVFPQModel, _ quantizer: ProductQuantizer) {
        codes =
            switch model.metric {
            case .dot: .plain(ProductQuantizer.Encoder(quantizer))
            case .l2: .residual(ProductQuantizer.Encoder(quantizer))
            case .cosine: .balanced(ProductQuantizer.BalancedEncoder(quantizer))
            }
        dimension = model.dimension
        centroids = model.centroids
    }

    /// The codes of `count` rows that lie one after another, from each row's partition.
    func encode(
        _ rows: UnsafePointer<Float>, count: Int, of partitions: UnsafePointer<UInt32>,
        into target: UnsafeMutablePointer<UInt8>
    ) {
        centroids.withUnsafeBufferPointer { centroids in
            guard let centroids = centroids.baseAddress else { return }
            switch codes {
            case .plain(let encoder): encoder.encode(rows: rows, stride: dimension, count: count, into: target)
            case .residual(let encoder):
                encoder.encode(
                    rows: rows, stride: dimension, count: count, less: centroids, of: partitions, into: target)
            case .balanced(let encoder):
                encoder.encode(
                    rows: rows, stride: dimension, count: count, less: centroids, of: partitions, into: target)
            }
        }
    }
}
