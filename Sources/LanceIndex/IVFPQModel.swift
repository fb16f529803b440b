// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import VectorMath

/// What was learnt from the vectors: the centroids of the partitions, and the code words of the product quantiser.
///
/// With `l2` and `cosine` the codes stand for a vector's difference from its partition's centroid, with `dot` for the
/// vector itself; with `cosine` vectors are brought to length 1 before anything else.
package struct IVFPQModel: Sendable, Equatable {
    package let metric: Metric
    package let dimension: Int
    /// 4 or 8 bits a code.
    package let bits: Int
    package let subVectors: Int
    package let partitionCount: Int
    /// `partitionCount` x `dimension`, all finite.
    package let centroids: [Float]
    /// `subVectors` x `codeWords` x `subVectorWidth`, all finite: every code word of sub-vector 0 comes first.
    package let codebook: [Float]

    package var codeWords: Int { 1 << bits }
    package var subVectorWidth: Int { dimension / subVectors }
    /// Bytes that one row's codes take. Of 4-bit codes, byte j holds code 2j in its low half and code 2j + 1 above.
    package var codeBytes: Int { subVectors * bits / 8 }

    /// The most dimensions and partitions that sizes can be computed with; far beyond what is of use.
    private static let largest = 1 << 24

    /// Throws `invalid_argument` where the parts do not fit together or a number is not finite: with one of those, no
    /// order of distances would mean anything.
    package init(
        metric: Metric, dimension: Int, bits: Int, subVectors: Int, centroids: [Float], codebook: [Float]
    ) throws {
        func need(_ condition: Bool, _ message: @autoclosure () -> String) throws {
            guard condition else { throw Failure(.invalidArgument, "an IVF_PQ model: \(message())") }
        }
        try need(dimension > 0 && dimension <= Self.largest, "vectors of \(dimension) dimensions")
        try need(bits == 4 || bits == 8, "codes of \(bits) bits; only 4 and 8 are known")
        try need(
            subVectors > 0 && dimension % subVectors == 0,
            "\(dimension) dimensions cannot be cut into \(subVectors) equal parts")
        try need(bits == 8 || subVectors % 2 == 0, "\(subVectors) codes of 4 bits do not fill whole bytes")
        try need(
            !centroids.isEmpty && centroids.count % dimension == 0 && centroids.count / dimension <= Self.largest,
            "\(centroids.count) numbers for centroids of \(dimension) dimensions")
        try need(
            codebook.count == dimension << bits,
            "\(codebook.count) numbers in the codebook, expected \(dimension << bits)")
        try need(Self.allFinite(centroids), "a centroid is not finite")
        try need(Self.allFinite(codebook), "a code word is not finite")
        self.metric = metric
        self.dimension = dimension
        self.bits = bits
        self.subVectors = subVectors
        self.centroids = centroids
        self.codebook = codebook
        partitionCount = centroids.count / dimension
    }

    private static func allFinite(_ numbers: [Float]) -> Bool {
        // By the exponent's bits and without an early end, so that many are looked at at a time.
        var found: UInt32 = 0
        for number in numbers { found |= number.bitPattern & 0x7f80_0000 == 0x7f80_0000 ? 1 : 0 }
        return found == 0
    }
}

extension IVFPQModel {
    /// What a manifest's entry says of the index.
    package var details: IndexDetails { .ivfPQ(metric: metric, bits: bits, subVectors: subVectors) }
}
