// SPDX-License-Identifier: Apache-2.0
import VectorMath

/// The definitions, word by word, in double precision.
enum Oracle {
    static func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }

    /// The sum of the products' sizes: rounding errors of `dot` are in proportion to it.
    static func dotSize(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + abs(Double($1.0) * Double($1.1)) }
    }

    static func squaredL2(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
    }

    static func squaredNorm(_ a: [Float]) -> Double { dot(a, a) }

    /// The relative error that a single-precision sum of `dimension` products may have.
    ///
    /// The level with the fewest running sums keeps eight, so a product takes part in at most `dimension / 8`
    /// additions, plus a few for the rest of a row, its own rounding and the sum of the sums; each rounds by at most
    /// 2^-24.
    static func tolerance(_ dimension: Int) -> Double { (Double(dimension) / 8 + 16) * 0x1p-24 }

    /// The distance and how far off a float result may be; nil where a row has no distance.
    static func distance(_ query: [Float], _ row: [Float], _ metric: Metric) -> (value: Double, slack: Double)? {
        guard row.allSatisfy(\.isFinite) else { return nil }
        let tolerance = tolerance(query.count)
        switch metric {
        case .cosine:
            let norms = (squaredNorm(query) * squaredNorm(row)).squareRoot()
            guard norms > 0 else { return nil }
            return (min(max(1 - dot(query, row) / norms, 0), 2), 2 * tolerance)
        case .l2:
            let value = squaredL2(query, row)
            guard Float(value).isFinite else { return nil }
            // A float cannot say less than 1e-45.
            return (value, value * 2 * tolerance + 0x1p-149)
        case .dot:
            let value = 1 - dot(query, row)
            guard Float(value).isFinite else { return nil }
            return (value, (dotSize(query, row) + abs(value)) * tolerance)
        }
    }
}
