// SPDX-License-Identifier: Apache-2.0

/// The state of a k-means: centroids, and the rows that they are fitted to.
///
/// Rows are assigned in blocks by any thread, which decides nothing; centroids are summed up each by one thread, in the
/// order of the rows, and losses in the order of the blocks. So the number of threads does not show in the result.
struct LloydIterations: ~Copyable {
    let kmeans: KMeans
    let rows: UnsafePointer<Float>
    let stride: Int
    let monitor: TrainingMonitor
    var random: SeededRandom

    /// The numbers of the rows in use; nil for the first `count`.
    private(set) var chosen: [UInt32]?
    private(set) var count = 0

    let centroids: AlignedBuffer<Float>
    let sums: AlignedBuffer<Double>
    let sizes: AlignedBuffer<Int>

    /// The cluster of each row in use, or `noCluster`.
    private(set) var nearest = AlignedBuffer<UInt32>(0)
    private var sumOfSquares = 0.0
    private var loss = Double.infinity

    /// What a row belongs to that is near to nothing because a number in it is not finite.
    static let noCluster = UInt32.max

    var clusters: Int { kmeans.clusters }
    var dimension: Int { kmeans.dimension }

    init(
        _ kmeans: KMeans, rows: UnsafePointer<Float>, stride: Int, random: SeededRandom, monitor: TrainingMonitor
    ) {
        self.kmeans = kmeans
        self.rows = rows
        self.stride = stride
        self.random = random
        self.monitor = monitor
        centroids = AlignedBuffer(repeating: 0, count: kmeans.clusters * kmeans.dimension)
        sums = AlignedBuffer(repeating: 0, count: kmeans.clusters * kmeans.dimension)
        sizes = AlignedBuffer(repeating: 0, count: kmeans.clusters)
    }

    /// The first centroids are the first of `order`, over again when there are too few.
    func begin(at order: [UInt32]) {
        for cluster in 0..<clusters {
            let centroid = centroids.pointer + cluster * dimension
            centroid.update(from: rows + Int(order[cluster % order.count]) * stride, count: dimension)
            if kmeans.metric == .dot { normalize(centroid) }
        }
    }

    /// Goes on with these rows.
    mutating func use(_ numbers: [UInt32]) {
        chosen = numbers
        prepare(numbers.count)
    }

    /// Goes on with the first `count` rows.
    mutating func use(first count: Int) {
        chosen = nil
        prepare(count)
    }

    private mutating func prepare(_ count: Int) {
        self.count = count
        if nearest.count < count { nearest = AlignedBuffer(count) }
        loss = .infinity
        sumOfSquares = kmeans.metric == .l2 ? sumOfSquaredNorms() : 0
    }

    /// Moves the centroids until the loss has settled. Returns the number of iterations.
    @discardableResult
    mutating func run(atMost limit: Int, tolerance: Double) -> Int {
        var refilledBefore = 0
        for iteration in 1...limit {
            let before = loss
            let scores = assign()
            if monitor.isStopped { return iteration }
            loss = kmeans.metric == .l2 ? max(scores + sumOfSquares, 0) : Double(count) + scores / 2
            moveCentroids()
            let refilled = refill(rehearsing: chosen != nil)
            let hasSettled = iteration > 1 && !(before - loss > tolerance * abs(before))
            if hasSettled && refilled == 0 && refilledBefore == 0 {
                monitor.add((limit - iteration) * count)
                return iteration
            }
            refilledBefore = refilled
        }
        return limit
    }

    func result(iterations: Int) -> KMeans.Result {
        KMeans.Result(
            centroids: Array(UnsafeBufferPointer(start: centroids.pointer, count: centroids.count)),
            iterations: iterations, loss: loss, sizes: Array(UnsafeBufferPointer(start: sizes.pointer, count: clusters))
        )
    }
}
