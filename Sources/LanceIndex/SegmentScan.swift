// SPDX-License-Identifier: Apache-2.0
import VectorMath

/// One query against the codes of one segment: which partitions to probe, and the nearest rows by code.
///
/// The distance of a row's code is |q - c - r|² = |q - c|² + (|r|² + 2 c·r) - 2 q·r for the query q, the partition's
/// centroid c and the row's residual r. The first part is one number a partition, the second one number a row that no
/// query changes (`LiveSegment`), the third a sum over a table that is the same for all partitions. That table is
/// rounded down to bytes, so that the sum becomes a lower bound which the processor computes for 64 rows at a time.
/// Rows whose bound does not rule them out are looked at more closely, in two steps: with the table itself, which is
/// nearly exact, and the few that this leaves in doubt straight from the code words. The result is that of computing
/// all distances in full.
///
/// A dot product has no residual: the distance is 1 - q·r.
package struct SegmentScan {
    package let segment: LiveSegment
    let model: ScanModel
    let scratch: ScanScratch
    /// How many rows to find.
    let keep: Int

    let query: FixedQuery
    let queryNorm: Float
    private let step: Float
    private let bias: Float
    /// How far an estimate in `centroidDistances` may be from the distance.
    let centroidError: Float
    /// How far a distance by the query's table, and with it the bound, may be from the distance.
    let slack: Float
    /// No row's distance is more than this above its bound.
    let uncertainty: Float
    /// Rows whose bound is above cannot be among the nearest.
    private var threshold: Float
    var count = 0
    // Where the scratch has them, so that a partition's scan does not have to ask it.
    let table: UnsafeMutablePointer<Float>
    private let bytes: UnsafeMutablePointer<UInt8>
    let centroidDistances: UnsafeMutablePointer<Float>
    /// Partitions, as `rank(_:)` puts them in order.
    let order: UnsafeMutablePointer<UInt32>
    var places: ScanScratch.Places

    package private(set) var probed = 0
    package private(set) var codesScanned = 0
    /// Rows whose distance had to be computed in full.
    package internal(set) var resolved = 0

    /// Prepares the query's table.
    ///
    /// - Parameters:
    ///   - given: as given by the user; finite, not zero for the cosine.
    ///   - kept: how many neighbours of other segments `scratch.neighbors` holds.
    /// - Returns: nil where the numbers are so large, or so small, that their squares leave single precision: codes say
    ///   nothing then.
    package init?(_ segment: LiveSegment, query given: [Float], keep: Int, kept: Int, scratch: ScanScratch) {
        self.segment = segment
        self.keep = keep
        self.scratch = scratch
        model = segment.model
        let own = scratch.query.reserve(model.dimension)
        queryNorm = Self.prepare(given, model.metric, into: own)
        query = FixedQuery(
            own, parts: model.subVectors, width: model.width,
            words: scratch.fixedQuery.reserve(
                FixedQuery.wordCount(parts: model.subVectors, width: model.width)))
        centroidError = model.centroidError(query, queryNorm: queryNorm)
        slack =
            model.slack(queryNorm: queryNorm) + model.tableError(query) + (model.metric == .dot ? 0 : centroidError)
        guard slack.isFinite, centroidError.isFinite else { return nil }
        table = scratch.table.reserve(model.roughWords.resultCount)
        bytes = scratch.bytes.reserve(model.roughWords.resultCount)
        centroidDistances = scratch.centroidDistances.reserve(model.roughCentroids.resultCount)
        order = scratch.order.reserve(model.partitionCount)
        places = scratch.places
        model.roughWords.dots(query, isByPart: true, into: table)
        let meaning = PQKernels.quantize(
            table, scale: model.metric == .dot ? -1 : -2, subVectors: model.subVectors, codewords: model.codewords,
            into: bytes)
        step = meaning.step
        bias = meaning.bias
        uncertainty = step * Float(model.subVectors) + 2 * slack
        guard bias.isFinite, uncertainty.isFinite else { return nil }
        threshold = .infinity
        if kept >= keep {
            threshold = -.infinity
            for index in 0..<kept { threshold = max(threshold, scratch.neighbors.base[index].distance) }
        }
    }

    /// Writes the query as the index compares it, of unit length for the cosine; returns its length.
    private static func prepare(_ given: [Float], _ metric: Metric, into own: UnsafeMutablePointer<Float>) -> Float {
        given.withUnsafeBufferPointer { given in
            guard let base = given.baseAddress else { return 0 }
            let norm = sumOfSquares(base, count: given.count).squareRoot()
            guard metric == .cosine else {
                own.update(from: base, count: given.count)
                return Float(norm)
            }
            let scale = 1 / norm
            for index in 0..<given.count { own[index] = Float(Double(base[index]) * scale) }
            return 1
        }
    }

    // MARK: Scanning

    /// What all distances of a partition's rows have in common.
    func common(_ partition: Int) -> Float { model.metric == .dot ? 1 : centroidDistances[partition] }

    /// What each of a partition's rows adds to that.
    func terms(_ partition: Int) -> UnsafePointer<Float> {
        segment.readyTerms(of: partition)
            ?? segment.makeTerms(of: partition, table: &scratch.termTable, spare: &scratch.spareTerms)
    }

    /// Compares the query with all rows of a partition.
    ///
    /// - Parameter next: the partition that will be scanned after it.
    package mutating func scan(_ partition: Int, next: Int? = nil) {
        probed += 1
        let rows = segment.partitionCount(partition)
        guard rows > 0 else { return }
        codesScanned += rows
        let codes = segment.codes(partition)
        let terms = terms(partition)
        let next = next.map(segment.memory) ?? UnsafeRawBufferPointer(start: nil, count: 0)
        let constant = common(partition) + bias - slack
        if count + rows > places.capacity { places = scratch.grow(to: count + rows, keeping: count) }
        let selected =
            model.bits == 4
            ? PQKernels.select4(
                codes, stride: rows, count: rows, subVectors: model.subVectors, bytes: bytes, terms: terms,
                constant: constant, step: step, threshold: threshold, rows: places.rows + count,
                bounds: places.bounds + count, next: next)
            : PQKernels.select8(
                codes, stride: rows, count: rows, subVectors: model.subVectors, bytes: bytes, terms: terms,
                constant: constant, step: step, threshold: threshold, rows: places.rows + count,
                bounds: places.bounds + count, next: next)
        (places.partitions + count).update(repeating: UInt32(truncatingIfNeeded: partition), count: selected)
        count += selected
        // Often enough that the threshold follows, seldom enough that it costs little.
        if count > keep + max(keep, 64) { tighten() }
    }

    /// Rows found so far, at least as many as there are up to `keep`.
    package var found: Int { count }

    /// Lowers the threshold to what the kept rows prove, and drops those above it.
    mutating func tighten() {
        guard count > keep else { return }
        // At least `keep` rows have a distance of at most this.
        threshold = min(threshold, border(of: places.bounds, count, keep).above + uncertainty)
        count = places.keep(count, upTo: threshold)
    }
}
