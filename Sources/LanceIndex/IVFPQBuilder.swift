// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
package import LanceFile
package import LanceTable
package import ObjectStorage
package import VectorMath

/// Builds an IVF_PQ index over the live vectors of a snapshot (format reference: building, writing a segment).
///
/// Deleted rows, null vectors and vectors with a component that is NaN or infinite are in no partition, and for the
/// cosine zero vectors neither; they count as covered. From one seed and the same rows come the same files.
package struct IVFPQBuilder: Sendable {
    package typealias Progress = @Sendable (IVFPQBuildStage, Double) throws -> Void

    package struct Request: Sendable {
        package var metric: Metric = .cosine
        package var partitions: Int?
        package var bits = 8
        package var subVectors: Int?
        package var seed: UInt64 = 0

        package init() {}
    }

    /// Memory of the training sample where nobody has said how much there is.
    private static let sampleBytes = 128 << 20
    /// Codes that are held at a time where nobody has said how much memory there is.
    private static let codeBytes = 256 << 20
    /// Rows for each centroid and each code word that training looks at: more do not make better ones.
    private static let rowsPerCentroid = 256
    /// Fewer than this and centroids are hardly better than picking rows.
    private static let fewestRowsPerCentroid = 64

    let request: Request
    let snapshot: Snapshot
    let field: TableField
    let dimension: Int
    let threads: Int
    let memoryBudget: Int?
    let progress: Progress

    /// - Parameters:
    ///   - field: a `fixed_size_list<float32>` column.
    ///   - memoryBudget: bytes that the build may use beyond mapped files; nil: 128 MiB of rows to train on, or more
    ///     where the partitions need that, and afterwards 20 bytes a row and up to 256 MiB of codes.
    ///   - progress: told the part of each stage that is done, from any thread; what it throws ends the build.
    package init(
        _ request: Request, _ snapshot: Snapshot, _ field: TableField, dimension: Int, threads: Int, memoryBudget: Int?,
        progress: @escaping Progress
    ) {
        self.request = request
        self.snapshot = snapshot
        self.field = field
        self.dimension = dimension
        self.threads = threads
        self.memoryBudget = memoryBudget
        self.progress = progress
    }

    /// What was built: not yet part of the table.
    package struct Result: Sendable {
        package let segment: IndexSegment
        package let parameters: IVFPQParameters
    }

    /// Builds and writes the files. Blocks the thread for most of the time.
    ///
    /// - Throws: `invalid_argument` where the rows are too few or the parameters do not fit, naming the numbers; what
    ///   `progress` throws. Nothing is left behind then.
    package func build(name: String, durability: WriteDurability) async throws -> Result {
        guard let covered = coveredFragments else {
            throw Failure(.invalidArgument, "the table has no rows to index", path: snapshot.location)
        }
        let rows = try await VectorRows(snapshot, snapshot.fragmentReaders, field, dimension: dimension)
        let survey = try VectorSurvey(rows, request.metric, threads: threads) { try progress(.survey, $0) }
        let parameters: IVFPQParameters
        do {
            parameters = try IVFPQParameters(
                rows: survey.valid, dimension: dimension, metric: request.metric, partitions: request.partitions,
                bits: request.bits, subVectors: request.subVectors, seed: request.seed)
        } catch let failure as Failure {
            throw failure.at(path: snapshot.location)
        }
        let plan = try MemoryPlan(self, parameters, rows: rows.count, valid: survey.valid)
        var sample: TrainingSample? = try TrainingSample(
            rows, survey, count: plan.sampleRows, seed: request.seed
        ) { [progress] in try progress(.trainPartitions, 0) }
        guard let taken = sample else { throw CancellationError() }
        let partitioning = try trainPartitions(taken, parameters)
        let means = IVFPQTensor.rounded(partitioning.centroids, to: element)
        let centroids = PackedCentroids(
            means, count: parameters.partitions, dimension: dimension,
            metric: request.metric == .dot ? .dot : .l2)
        // Before the rows: then the sample's memory is free.
        let trained = try trainCodes(taken, centroids, means, parameters)
        let quantizer = ProductQuantizer(
            dimension: dimension, subVectors: parameters.subVectors, bits: parameters.bits,
            codebook: IVFPQTensor.rounded(trained.codebook, to: element))
        sample = nil
        let assignment = try Assignment(
            rows, survey, centroids, partitions: parameters.partitions, threads: threads
        ) { try progress(.assign, $0) }
        let model = try IVFPQModel(
            metric: request.metric, dimension: dimension, bits: parameters.bits, subVectors: parameters.subVectors,
            centroids: means, codebook: quantizer.codebook)
        let segment = try await write(
            model, quantizer, rows, survey, assignment, plan, name: name, covered: covered, durability)
        return Result(segment: segment, parameters: parameters)
    }

    /// Writes a segment over some fragments with what an index of the column has learnt already: the cost is in proportion
    /// to the fragments' rows. Nil where none of the rows can be indexed.
    package func extend(
        _ model: IVFPQModel, over fragments: [FragmentReader], name: String, durability: WriteDurability
    ) async throws -> (segment: IndexSegment, rows: Int)? {
        let rows = try await VectorRows(snapshot, fragments, field, dimension: dimension)
        let survey = try VectorSurvey(rows, model.metric, threads: threads) { try progress(.survey, $0) }
        guard survey.valid > 0 else { return nil }
        let centroids = PackedCentroids(
            model.centroids, count: model.partitionCount, dimension: dimension,
            metric: model.metric == .dot ? .dot : .l2)
        let assignment = try Assignment(
            rows, survey, centroids, partitions: model.partitionCount, threads: threads
        ) { try progress(.assign, $0) }
        let quantizer = ProductQuantizer(
            dimension: dimension, subVectors: model.subVectors, bits: model.bits, codebook: model.codebook)
        let segment = try await write(
            model, quantizer, rows, survey, assignment, MemoryPlan(encodingWith: self, rows: rows.count), name: name,
            covered: RoaringBitmap(fragments.map(\.id)), durability)
        return (segment, survey.valid)
    }

    /// The type of the column's numbers.
    var element: DataType {
        if case .fixedSizeList(let item, _) = field.type { item } else { .float32 }
    }

    private var coveredFragments: RoaringBitmap? {
        snapshot.fragments.isEmpty ? nil : RoaringBitmap(snapshot.fragments.map(\.id))
    }

    // MARK: Memory

    struct MemoryPlan: Sendable {
        let sampleRows: Int
        /// Bytes of codes and row ids that are held at a time, in addition to a copy of those of one partition.
        private let groupBytes: Int
        /// Bytes that are needed whatever is left; nil where there is no budget.
        private let fixed: Int?
        private let path: String

        init(_ builder: IVFPQBuilder, _ parameters: IVFPQParameters, rows: Int, valid: Int) throws {
            let rowBytes = builder.dimension * MemoryLayout<Float>.stride
            let wanted = min(
                valid,
                max(
                    parameters.partitions * IVFPQBuilder.rowsPerCentroid,
                    (1 << parameters.bits) * IVFPQBuilder.rowsPerCentroid))
            let fewest = min(
                valid,
                max(
                    parameters.partitions * IVFPQBuilder.fewestRowsPerCentroid,
                    (1 << parameters.bits) * IVFPQBuilder.fewestRowsPerCentroid))
            let codeBytes = parameters.subVectors * parameters.bits / 8 + 8
            path = builder.snapshot.location
            // For each row its norm, its partition, its place there, and its term twice; centroids twice and packed;
            // k-means' sums.
            let fixed = rows * 20 + parameters.partitions * rowBytes * 6 + (16 << 20)
            guard let budget = builder.memoryBudget else {
                let room = max(IVFPQBuilder.sampleBytes, fewest * rowBytes)
                sampleRows = min(wanted, room / rowBytes)
                groupBytes = IVFPQBuilder.codeBytes
                self.fixed = nil
                return
            }
            // Training comes first and encoding later: both get all that is left.
            let left = budget - fixed
            // 16 bytes a row beside its numbers: k-means' own, and a sub-vector of each thread.
            let perSample = rowBytes + 16 + builder.threads * (rowBytes / parameters.subVectors + 12)
            let needed = fixed + max(fewest * perSample, 1 << 20)
            guard left >= max(fewest * perSample, 1 << 20) else {
                throw Failure(
                    .invalidArgument,
                    "an index of \(parameters.partitions) partitions over \(rows) rows of \(builder.dimension) "
                        + "dimensions needs \(needed) bytes of memory, and the budget is \(budget); raise it, or ask for "
                        + "fewer partitions",
                    path: builder.snapshot.location)
            }
            sampleRows = min(wanted, left / perSample)
            groupBytes = max(left, codeBytes)
            self.fixed = fixed
        }

        /// Where nothing is trained.
        init(encodingWith builder: IVFPQBuilder, rows: Int) {
            path = builder.snapshot.location
            sampleRows = 0
            let fixed = rows * 20 + (16 << 20)
            self.fixed = builder.memoryBudget == nil ? nil : fixed
            groupBytes = builder.memoryBudget.map { max($0 - fixed, 1 << 20) } ?? IVFPQBuilder.codeBytes
        }

        /// Bytes of codes and row ids to hold at a time, where those of the largest partition take `largest`.
        ///
        /// - Throws: `invalid_argument` where a budget does not allow for it and its copy.
        func groupBytes(largest: Int) throws -> Int {
            guard let fixed, groupBytes < 2 * largest else { return max(groupBytes - largest, largest) }
            throw Failure(
                .invalidArgument,
                "the largest partition takes \(largest) bytes of codes and row ids, and building needs "
                    + "\(fixed + 2 * largest) bytes of memory; raise the budget, or ask for more partitions", path: path
            )
        }
    }

    // MARK: Training

    private func trainPartitions(_ sample: TrainingSample, _ parameters: IVFPQParameters) throws -> KMeans.Result {
        var kmeans = KMeans(clusters: parameters.partitions, dimension: dimension)
        kmeans.metric = request.metric == .dot ? .dot : .l2
        kmeans.seed = request.seed
        kmeans.threads = threads
        let count = min(sample.count, parameters.partitions * Self.rowsPerCentroid)
        var result = try kmeans.train(rows: sample.floats.base, stride: dimension, count: count) { [progress] in
            try progress(.trainPartitions, $0)
        }
        if request.metric == .cosine {
            CentroidLengths.equalize(
                &result.centroids, sizes: result.sizes, dimension: dimension,
                bits: Double(parameters.subVectors * parameters.bits) / Double(dimension))
        }
        return result
    }

    /// Turns the sample into residuals, which are what codes stand for, and finds code words for them.
    private func trainCodes(
        _ sample: TrainingSample, _ centroids: PackedCentroids, _ centroidFloats: [Float],
        _ parameters: IVFPQParameters
    ) throws -> ProductQuantizer {
        let count = min(sample.count, (1 << parameters.bits) * Self.rowsPerCentroid)
        let base = sample.floats.base
        if request.metric != .dot {
            try Residuals.replace(
                base, count: count, centroids, centroidFloats, dimension: dimension, threads: threads
            ) { [progress] in try progress(.trainCodes, 0) }
        }
        var options = ProductQuantizer.Training()
        options.seed = request.seed
        options.threads = threads
        let width = dimension / parameters.subVectors
        let (floats, dimension) = (sample.floats, dimension)
        return try ProductQuantizer.train(
            dimension: dimension, subVectors: parameters.subVectors, bits: parameters.bits, rowCount: count,
            options: options,
            fill: { subVector, rows, target in
                for (index, row) in rows.enumerated() {
                    (target + index * width).update(
                        from: floats.base + row * dimension + subVector * width, count: width)
                }
            }, progress: { [progress] in try progress(.trainCodes, $0) })
    }
}
