// SPDX-License-Identifier: Apache-2.0

/// A query vector made ready for one metric, and the one place where kernel results become distances: a scan and a
/// later re-ranking of the same row get the same bits.
///
/// Kernels add up in single precision, which is exact enough unless squares leave its range: those of components
/// above 1e19 or so overflow, below 1e-19 they vanish. Such rows are rare but legal, so whatever a kernel result does
/// not vouch for is computed again in double precision, where the square of any finite float is an ordinary number.
package struct PreparedQuery: Sendable {
    package let metric: Metric
    package let dimension: Int

    /// What the kernels are given: the query, for the cosine scaled by a power of two to a norm of 0.5 ..< 1.
    ///
    /// The scale makes overflow and underflow the row's fault alone. As a power of two it rounds nothing, so that a row
    /// equal to the query is at distance 0.
    package let vector: [Float]

    /// Of `vector`, in the kernels' own order of summation; only the cosine needs it.
    private let squaredNorm: Float

    /// A sum of squares in this range is good to single precision. Below it, the parts lost by underflow (at most 1e-45
    /// for each component) might show.
    private static let trusted: ClosedRange<Float> = 1e-30...Float.greatestFiniteMagnitude

    /// The query must have finite components, and for the cosine at least one that is not zero: the caller has checked.
    package init(_ query: [Float], metric: Metric) {
        self.metric = metric
        dimension = query.count
        if metric == .cosine {
            let norm = query.withUnsafeBufferPointer { query in
                query.baseAddress.map { sumOfSquares($0, count: query.count).squareRoot() } ?? 0
            }
            let scale = norm > 0 ? Double(sign: .plus, exponent: -Int(norm.exponent) - 1, significand: 1) : 1
            let scaled = [Float](unsafeUninitializedCapacity: query.count) { target, count in
                for index in query.indices {
                    target.initializeElement(at: index, to: Float(Double(query[index]) * scale))
                }
                count = query.count
            }
            vector = scaled
            squaredNorm = scaled.withUnsafeBufferPointer { scaled in
                scaled.baseAddress.map { VectorKernels.squaredNorm($0, dimension: scaled.count) } ?? 0
            }
        } else {
            vector = query
            squaredNorm = 1
        }
    }

    /// The distance of `row`, which is `dimension` floats at any address.
    ///
    /// Nil when it has none: a component is NaN or infinite, or the row is zero and the metric cosine, or the distance
    /// is too large for a float.
    package func distance(to row: UnsafePointer<Float>) -> Float? {
        let quick = vector.withUnsafeBufferPointer { query -> Float in
            guard let query = query.baseAddress else { return .nan }
            switch metric {
            case .cosine:
                var dot: Float = 0
                var squaredNorm: Float = 0
                VectorKernels.dotAndNormRows(
                    query, rows: row, count: 1, dimension: dimension, dots: &dot, norms: &squaredNorm)
                return cosineDistance(dot: dot, squaredNorm: squaredNorm)
            case .l2: return l2Distance(VectorKernels.squaredL2(query, row, dimension: dimension))
            case .dot: return dotDistance(VectorKernels.dot(query, row, dimension: dimension))
            }
        }
        return quick.isNaN ? carefulDistance(to: row) : quick
    }

    // The next three turn a kernel's result into the distance, or into NaN: "ask `carefulDistance`".
    // They are a few instructions for each row, and inlined so that it stays at that.

    @inline(__always)
    func cosineDistance(dot: Float, squaredNorm rowNorm: Float) -> Float {
        // One root of the product, not a product of roots: for a row equal to the query, sqrt(x * x) is exactly x.
        // The product is in range because the query's part is 0.25 ..< 1.
        let distance = 1 - dot / (squaredNorm * rowNorm).squareRoot()
        return Self.isTrusted(rowNorm) ? Self.clamped(distance) : .nan
    }

    @inline(__always)
    func l2Distance(_ squared: Float) -> Float { Self.isTrusted(squared) ? squared : .nan }

    @inline(__always)
    func dotDistance(_ dot: Float) -> Float {
        // Lost underflow does not matter beside the 1. An infinite sum less itself is NaN.
        let distance = 1 - dot
        return distance - distance == 0 ? distance : .nan
    }

    /// The distance in double precision, for rows that single precision cannot do, or nil as `distance(to:)` says.
    func carefulDistance(to row: UnsafePointer<Float>) -> Float? {
        let bytes = UnsafeRawPointer(row)
        var dot = 0.0
        var rowNorm = 0.0
        var queryNorm = 0.0
        var squaredL2 = 0.0
        for index in 0..<dimension {
            let q = Double(vector[index])
            let x = Double(bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Float>.size, as: Float.self))
            dot += q * x
            rowNorm += x * x
            queryNorm += q * q
            squaredL2 += (q - x) * (q - x)
        }
        // A NaN or an infinity among the components ends up here, and nothing else does.
        guard rowNorm.isFinite else { return nil }
        let distance: Float
        switch metric {
        case .cosine:
            guard rowNorm > 0 else { return nil }
            distance = Self.clamped(Float(1 - dot / (queryNorm * rowNorm).squareRoot()))
        case .l2: distance = Float(squaredL2)
        case .dot: distance = Float(1 - dot)
        }
        return distance.isFinite ? distance : nil
    }

    @inline(__always)
    private static func isTrusted(_ sumOfSquares: Float) -> Bool {
        sumOfSquares >= trusted.lowerBound && sumOfSquares <= trusted.upperBound
    }

    /// Rounding can carry the cosine a little past ±1.
    @inline(__always)
    private static func clamped(_ distance: Float) -> Float {
        let atLeastZero = distance > 0 ? distance : 0
        return atLeastZero < 2 ? atLeastZero : 2
    }
}

/// The distance of one row, as a scan computes it. `PreparedQuery` is the better choice for several rows.
package func exactDistance(_ query: [Float], _ row: [Float], metric: Metric) -> Float? {
    precondition(query.count == row.count)
    return row.withUnsafeBufferPointer { row in
        row.baseAddress.flatMap { PreparedQuery(query, metric: metric).distance(to: $0) }
    }
}
