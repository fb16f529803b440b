// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceIndex
import Testing
import VectorMath

/// The partitions that the builder makes for the cosine.
struct IVFPQBuildTests {
    @Test func centroidsOfACosineIndexHaveOneLength() async throws {
        let table = try await BuildTable(rows: 4000, dimension: 12, seed: 90)
        let lengths = lengths(try await table.build(.cosine))
        let mean = lengths.reduce(0, +) / Double(lengths.count)
        #expect(lengths.count == 20)
        #expect(lengths.allSatisfy { abs($0 - mean) < 1e-6 * mean })
        // That of the means of unit vectors, not of unit vectors.
        #expect(mean > 0.4 && mean < 0.99)
        // With a bit a dimension, about a third of that.
        let coarse = self.lengths(try await table.build(.cosine, bits: 4, subVectors: 2))
        #expect(coarse.allSatisfy { abs($0 - coarse[0]) < 1e-6 && $0 < 0.4 * mean })
        // For l2 lengths matter.
        let others = self.lengths(try await table.build(.l2))
        #expect((others.max() ?? 0) > 1.1 * (others.min() ?? 0))
    }

    @Test(arguments: [4, 8]) func rowsAreInThePartitionAtTheSmallestAngle(bits: Int) async throws {
        let table = try await BuildTable(rows: 3000, dimension: 8, seed: 91)
        let index = try await table.build(.cosine, bits: bits)
        var seen = 0
        for partition in 0..<index.partitionCount {
            let ids = try index.rowIDs(of: partition).bytes
            for place in stride(from: 0, to: ids.count, by: 8) {
                // One fragment: the lower half of an address is the row's number.
                let number = (0..<4).reduce(0) { $0 | Int(ids[place + $1]) << (8 * $1) }
                let row = table.row(number)
                let products = (0..<index.partitionCount).map { centroid in
                    zip(row, index.centroids[centroid * 8..<(centroid + 1) * 8]).reduce(0) {
                        $0 + Double($1.0) * Double($1.1)
                    }
                }
                let largest = products.max() ?? 0
                #expect(products[partition] >= largest - abs(largest) * 1e-5)
                seen += 1
            }
        }
        #expect(seen == 3000)
    }

    /// Rows that cancel each other leave a centroid without a length.
    @Test func centroidsWithoutADirectionDoNoHarm() async throws {
        let rows = (0..<600).flatMap { row -> [Float] in row % 2 == 0 ? [1, 0] : [-1, 0] }
        let table = try await BuildTable(rows, dimension: 2)
        for partitions in [1, 2, 5] {
            let index = try await table.build(.cosine, partitions: partitions)
            #expect(index.centroids.allSatisfy { $0.isFinite })
            #expect(index.rowCount == 600)
        }
    }

    private func lengths(_ index: IVFPQIndex) -> [Double] {
        (0..<index.partitionCount).map { partition in
            index.centroids[partition * index.dimension..<(partition + 1) * index.dimension]
                .reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        }
    }
}
