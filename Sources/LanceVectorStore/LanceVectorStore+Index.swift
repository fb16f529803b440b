// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceIndex
import LanceTable
import Synchronization
import VectorMath

extension LanceVectorStore {
    static let vectorIndexName = "vec_idx"

    /// Builds an IVF_PQ index on the vectors, named `vec_idx`, and puts it in place of the one of that name.
    ///
    /// Vectors are cut into partitions around centroids, and each is stored as `numSubVectors` codes of `numBits` bits.
    /// Searches use it from the next call on; rows that are appended later are compared one by one until it is built
    /// again. The same seed over the same rows gives the same index. Any tool that speaks Lance can use it.
    ///
    /// Cancelling the task ends the build within a fraction of a second and leaves the table as it was.
    ///
    /// - Parameters:
    ///   - numPartitions: from 1 to the number of vectors; nil takes the root of that number, but at least 256 vectors a
    ///     partition.
    ///   - numBits: bits of a code, 8 or 4.
    ///   - numSubVectors: codes of a row, a divisor of the dimensions, even for 4 bits; nil takes the largest up to 48,
    ///     and a sixteenth of the dimensions from 1024 of them on.
    ///   - metric: how vectors are compared.
    ///   - seed: of the random choices.
    ///   - progress: called now and then, from any thread.
    /// - Throws: `invalid_argument` for numbers that do not fit the table, such as fewer vectors than a codebook needs
    ///   (256, or 16 for 4 bits), with the numbers and a remedy; `not_found` where there is no table; `conflict` where
    ///   the rows were rewritten meanwhile; `cancelled`.
    public func buildIndex(
        numPartitions: Int? = nil, numBits: Int = 8, numSubVectors: Int? = nil, metric: DistanceMetric = .cosine,
        seed: UInt64 = 0, progress: (@Sendable (IndexProgress) -> Void)? = nil
    ) async throws(StoreError) -> IndexStats {
        try await longDoor {
            let start = ContinuousClock.now
            let snapshot = try await table.latest()
            try checkNames(snapshot)
            let field = try vectorField(snapshot)
            guard case .fixedSizeList(_, let dimension) = field.type else {
                throw Failure(.schemaMismatch, "column '\(field.name)' is \(field.type), not vectors", path: path)
            }
            _ = try replacedIndex(Self.vectorIndexName, field, snapshot)
            var request = IVFPQBuilder.Request()
            request.metric = Metric(metric)
            request.partitions = numPartitions
            request.bits = numBits
            request.subVectors = numSubVectors
            request.seed = seed
            let isCancelled = Atomic(false)
            let result = try await withTaskCancellationHandler {
                try await Self.build(
                    IVFPQBuilder(
                        request, snapshot, field, dimension: dimension, threads: threads,
                        memoryBudget: options.memoryBudget
                    ) { stage, fraction in
                        if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
                        if let stage = IndexProgress.Stage(rawValue: stage.rawValue) {
                            progress?(IndexProgress(stage: stage, fraction: fraction))
                        }
                    }, options)
            } onCancel: {
                isCancelled.store(true, ordering: .relaxed)
            }
            let added = try await commit(result.segment, over: field, basedOn: snapshot)
            return IndexStats(
                name: Self.vectorIndexName, numPartitions: result.parameters.partitions,
                numBits: result.parameters.bits, numSubVectors: result.parameters.subVectors,
                buildTimeSeconds: (ContinuousClock.now - start) / .seconds(1), diskBytesAdded: added)
        }
    }

    private static func build(_ builder: IVFPQBuilder, _ options: Options) async throws -> IVFPQBuilder.Result {
        try await builder.build(name: vectorIndexName, durability: options.storageDurability)
    }
}

extension Metric {
    init(_ metric: DistanceMetric) {
        switch metric {
        case .cosine: self = .cosine
        case .l2: self = .l2
        case .dot: self = .dot
        }
    }
}
