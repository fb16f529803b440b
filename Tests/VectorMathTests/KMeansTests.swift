// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct KMeansTests {
        @Test func theSameSeedGivesTheSameBitsForAnyNumberOfThreads() throws {
            let rows = clumps(count: 9000, dimension: 24, clumps: 40, seed: 21)
            for metric in [AssignmentMetric.l2, .dot] {
                var kmeans = KMeans(clusters: 30, dimension: 24)
                kmeans.metric = metric
                kmeans.seed = 5
                let one = try kmeans.train(rows: rows, stride: 24, count: 9000)
                for threads in [2, 3, 8] {
                    kmeans.threads = threads
                    let other = try kmeans.train(rows: rows, stride: 24, count: 9000)
                    #expect(other.centroids == one.centroids)
                    #expect(other.loss == one.loss)
                    #expect(other.iterations == one.iterations)
                    #expect(other.sizes == one.sizes)
                }
                kmeans.seed = 6
                #expect(try kmeans.train(rows: rows, stride: 24, count: 9000).centroids != one.centroids)
            }
        }

        /// Against Lloyd's iterations from random rows, many of them over all rows.
        @Test func theLossIsThatOfAFullTraining() throws {
            for (count, dimension, clusters) in [(6000, 16, 20), (20_000, 8, 64), (3000, 2, 50)] {
                let rows = clumps(count: count, dimension: dimension, clumps: clusters * 2, seed: 22)
                var random = SplitMix64(seed: 23)
                let plain = plainLoss(rows, dimension, clusters, iterations: 40, &random)
                var kmeans = KMeans(clusters: clusters, dimension: dimension)
                kmeans.threads = 2
                let result = try kmeans.train(rows: rows, stride: dimension, count: count)
                #expect(result.loss <= plain * 1.02, "\(count), \(dimension), \(clusters)")
                #expect(result.sizes.reduce(0, +) == count)
                #expect(result.iterations <= 50)
            }
        }

        @Test func asManyClustersAsRows() throws {
            var random = SplitMix64(seed: 24)
            let rows = random.floats(50 * 6)
            let result = try KMeans(clusters: 50, dimension: 6).train(rows: rows, stride: 6, count: 50)
            #expect(result.loss < 1e-3)
            #expect(result.sizes == [Int](repeating: 1, count: 50))
        }

        @Test func fewerDifferentRowsThanClusters() throws {
            var random = SplitMix64(seed: 25)
            let different = random.floats(7 * 5)
            let rows = (0..<4000).flatMap { row in different[row % 7 * 5..<(row % 7 + 1) * 5] }
            let result = try KMeans(clusters: 40, dimension: 5).train(rows: rows, stride: 5, count: 4000)
            #expect(result.centroids.count == 200)
            #expect(result.centroids.allSatisfy { $0.isFinite })
            #expect(result.loss < 1e-2)
            // It saw that there is nothing to divide, and ended.
            #expect(result.iterations < 20)
        }

        @Test(arguments: [AssignmentMetric.l2, .dot])
        func allRowsEqual(_ metric: AssignmentMetric) throws {
            for value in [Float(0), 0.3] {
                let rows = [Float](repeating: value, count: 1000 * 4)
                var kmeans = KMeans(clusters: 9, dimension: 4)
                kmeans.metric = metric
                let result = try kmeans.train(rows: rows, stride: 4, count: 1000)
                #expect(result.centroids.allSatisfy { $0.isFinite })
                #expect(result.iterations < 5)
            }
        }

        @Test func lessRowsThanClustersAndNone() throws {
            let few = try KMeans(clusters: 8, dimension: 2).train(rows: [1, 2, 3, 4, 5, 6], stride: 2, count: 3)
            #expect(few.centroids.count == 16)
            #expect(few.loss == 0)
            let none = try KMeans(clusters: 8, dimension: 2).train(rows: [0], stride: 2, count: 0)
            #expect(none.centroids == [Float](repeating: 0, count: 16))
            #expect(none.sizes == [Int](repeating: 0, count: 8))
            #expect(try KMeans(clusters: 0, dimension: 2).train(rows: [0, 0], stride: 2, count: 1).centroids.isEmpty)
        }

        @Test func oneDimensionAndRowsApart() throws {
            // Four values, every fifth float.
            var rows = [Float](repeating: .nan, count: 5 * 4000)
            for row in 0..<4000 { rows[row * 5] = Float(row % 4) * 10 + Float(row % 3) * 0.1 }
            let result = try KMeans(clusters: 12, dimension: 1).train(rows: rows, stride: 5, count: 4000)
            #expect(result.loss < 0.5 * 4000 * 0.01)
        }

        @Test func rowsThatAreNotFiniteAreLeftOut() throws {
            var rows = clumps(count: 3000, dimension: 4, clumps: 9, seed: 26)
            for row in stride(from: 0, to: 3000, by: 7) { rows[row * 4 + row % 4] = row % 2 == 0 ? .nan : .infinity }
            for metric in [AssignmentMetric.l2, .dot] {
                var kmeans = KMeans(clusters: 20, dimension: 4)
                kmeans.metric = metric
                let result = try kmeans.train(rows: rows, stride: 4, count: 3000)
                let finite = (0..<3000).filter { $0 % 7 != 0 }.count
                #expect(result.sizes.reduce(0, +) == finite)
                #expect(result.iterations <= 50)
            }
        }

        @Test func dotCentroidsHaveLengthOne() throws {
            let rows = clumps(count: 4000, dimension: 12, clumps: 30, seed: 27)
            var kmeans = KMeans(clusters: 25, dimension: 12)
            kmeans.metric = .dot
            let centroids = try kmeans.train(rows: rows, stride: 12, count: 4000).centroids
            for cluster in 0..<25 {
                let centroid = Array(centroids[cluster * 12..<(cluster + 1) * 12])
                #expect(abs(Oracle.squaredNorm(centroid) - 1) < 1e-5)
            }
        }

        /// One clump has most rows, and random first centroids would leave the others poor.
        @Test func clustersAreOfSimilarSize() throws {
            var random = SplitMix64(seed: 28)
            let rows = random.floats(40_000 * 16)
            var kmeans = KMeans(clusters: 100, dimension: 16)
            kmeans.threads = 2
            let sizes = try kmeans.train(rows: rows, stride: 16, count: 40_000).sizes
            #expect(sizes.allSatisfy { $0 > 100 && $0 < 1000 })
        }

        @Test func progressRisesToOneAndCanEndTheTraining() throws {
            let rows = clumps(count: 60_000, dimension: 16, clumps: 300, seed: 29)
            var kmeans = KMeans(clusters: 256, dimension: 16)
            kmeans.threads = 2
            let seen = Mutex<[Double]>([])
            _ = try kmeans.train(rows: rows, stride: 16, count: 60_000) { part in seen.withLock { $0.append(part) } }
            let parts = seen.withLock { $0 }
            #expect(parts.last == 1)
            #expect(parts.allSatisfy { $0 >= 0 && $0 <= 1 })

            struct Enough: Error {}
            #expect(throws: Enough.self) {
                _ = try kmeans.train(rows: rows, stride: 16, count: 60_000) { _ in throw Enough() }
            }
        }

        private func clumps(count: Int, dimension: Int, clumps: Int, seed: UInt64) -> [Float] {
            var random = SplitMix64(seed: seed)
            let middles = random.floats(clumps * dimension)
            var rows: [Float] = []
            rows.reserveCapacity(count * dimension)
            for _ in 0..<count {
                let clump = random.below(clumps)
                for index in 0..<dimension {
                    rows.append(middles[clump * dimension + index] + Float.random(in: -0.3...0.3, using: &random))
                }
            }
            return rows
        }

        /// The loss of k-means as the books have it.
        private func plainLoss(
            _ rows: [Float], _ dimension: Int, _ clusters: Int, iterations: Int, _ random: inout SplitMix64
        ) -> Double {
            let count = rows.count / dimension
            var centroids: [Float] = []
            for _ in 0..<clusters {
                let row = random.below(count)
                centroids += rows[row * dimension..<(row + 1) * dimension]
            }
            var loss = 0.0
            var nearest = [UInt32](repeating: 0, count: count)
            for _ in 0..<iterations {
                PackedCentroids(centroids, count: clusters, dimension: dimension, metric: .l2)
                    .assign(rows: rows, stride: dimension, count: count, into: &nearest)
                var sums = [Double](repeating: 0, count: clusters * dimension)
                var sizes = [Int](repeating: 0, count: clusters)
                loss = 0
                for row in 0..<count {
                    let cluster = Int(nearest[row])
                    sizes[cluster] += 1
                    for index in 0..<dimension {
                        let value = Double(rows[row * dimension + index])
                        sums[cluster * dimension + index] += value
                        let difference = value - Double(centroids[cluster * dimension + index])
                        loss += difference * difference
                    }
                }
                for index in sums.indices where sizes[index / dimension] > 0 {
                    centroids[index] = Float(sums[index] / Double(sizes[index / dimension]))
                }
            }
            return loss
        }
    }
}
