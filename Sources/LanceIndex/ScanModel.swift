// SPDX-License-Identifier: Apache-2.0
import Synchronization
package import VectorMath

/// What scanning needs of an IVF_PQ model, computed once when the index is opened.
package final class ScanModel: Sendable {
    package let metric: Metric
    package let dimension: Int
    package let subVectors: Int
    package let bits: Int
    package let width: Int
    package let codewords: Int
    package let partitionCount: Int
    /// One row a partition.
    package let centroids: FloatBuffer
    /// `[sub-vector][code word][component]`, as in the file.
    package let codebook: FloatBuffer
    /// The code words again, for a query's table: an estimate is enough there.
    package let roughWords: FixedPanels
    /// The centroids again, for choosing partitions, and their squared norms.
    package let roughCentroids: FixedPanels
    package let centroidNorms: FloatBuffer
    private let model: IVFPQModel
    private let terms = Mutex<RowTerms?>(nil)
    /// No centroid is longer, and no sum of code words.
    private let longestCentroid: Float
    private let longestResidual: Float

    /// Sums that fit the registers of every instruction set.
    private static let centroidLanes = 64

    package init(_ index: IVFPQIndex) {
        metric = index.metric
        dimension = index.dimension
        subVectors = index.subVectors
        bits = index.bits
        width = index.dimension / index.subVectors
        codewords = 1 << index.bits
        partitionCount = index.partitionCount
        centroids = FloatBuffer(index.centroids)
        codebook = FloatBuffer(index.codebook)
        model = index.model
        var residual = 0.0
        for j in 0..<subVectors {
            var longest: Float = 0
            for k in 0..<codewords {
                let word = codebook.base + (j * codewords + k) * width
                longest = max(longest, VectorKernels.squaredNorm(word, dimension: width))
            }
            residual += Double(longest)
        }
        longestResidual = Float(residual.squareRoot())
        centroidNorms = FloatBuffer(count: partitionCount)
        var longest: Float = 0
        for p in 0..<partitionCount {
            let norm = VectorKernels.squaredNorm(centroids.base + p * dimension, dimension: dimension)
            centroidNorms.base[p] = norm
            longest = max(longest, norm)
        }
        longestCentroid = longest.squareRoot()
        roughWords = FixedPanels(
            rows: codebook.base, count: subVectors * codewords, parts: 1, width: width, lanes: codewords)
        roughCentroids = FixedPanels(
            rows: centroids.base, count: partitionCount, parts: subVectors, width: width, lanes: Self.centroidLanes)
    }

    package func centroid(_ partition: Int) -> UnsafePointer<Float> {
        UnsafePointer(centroids.base + partition * dimension)
    }

    /// How far the estimate of a centroid's distance may be from it, for l2 and the cosine; half of that for dot.
    package func centroidError(_ query: FixedQuery, queryNorm: Float) -> Float {
        let longest = queryNorm + longestCentroid
        // Twice the dot product, and the sum of the three parts in single precision.
        return 2 * roughCentroids.error(query) + longest * longest * 4 * 0x1p-23
    }

    /// How far the sum over a query's table may be from twice the dot product.
    package func tableError(_ query: FixedQuery) -> Float {
        2 * roughWords.error(query, parts: subVectors, longest: longestResidual)
    }

    /// How far single precision may carry a bound from the distance it stands for; not finite for numbers whose squares
    /// leave the range.
    ///
    /// Every partial result is at most (|q| + |c| + |r|)², for dot with 1 more. The longest chain of additions that a
    /// kernel makes one after another is that of a plain loop over all components, then one over the sub-vectors; with
    /// what `pq.h` asks for (2^-22 of the parts of a bound) that is fewer than `dimension + subVectors + 32` roundings of
    /// 2^-24, on both sides.
    package func slack(queryNorm: Float) -> Float {
        let longest = queryNorm + longestCentroid + longestResidual
        let largest = longest * longest + (metric == .dot ? 1 : 0)
        return largest * Float(dimension + subVectors + 32) * 0x1p-23
    }

    /// What a row's term can be: |c + r|² - |c|² is at least -|c|². A file that says otherwise is damaged.
    func termRange(of partition: Int) -> ClosedRange<Float> {
        let norm = centroidNorms.base[partition]
        let longest = norm.squareRoot() + longestResidual
        // A little wider than that, for rounding.
        let room = longest * longest * 1e-3
        guard room.isFinite else { return -.greatestFiniteMagnitude ... .greatestFiniteMagnitude }
        return -norm - room...longest * longest + room
    }

    /// Made when it is first needed: files from this package have the rows' terms in them.
    var rowTerms: RowTerms {
        terms.withLock { terms in
            if let known = terms { return known }
            let made = RowTerms(model)
            terms = made
            return made
        }
    }
}
