// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import VectorMath

extension LevelSuite {
    @Suite struct FlatScannerTests {
        /// Random tables full of odd rows: the distances against the oracle, and what is found, bit for bit, against
        /// sorting the distances of all rows.
        @Test(arguments: Metric.allCases)
        func findsWhatTheOracleFinds(_ metric: Metric) {
            var random = SplitMix64(seed: 8)
            for round in 0..<60 {
                let dimension = [1, 2, 3, 7, 16, 31, 64, 100, 384][round % 9]
                let count = [0, 1, 511, 512, 513, 1100][round % 6]
                let query = oddQuery(dimension, round, &random)
                let table = (0..<count).map { _ in oddRow(query, &random) }
                let first = UInt64.random(in: 0...5, using: &random) << 32 | UInt64.random(in: 0...100, using: &random)
                let skipping = (0..<UInt32(count + 200)).filter { _ in Bool.random(using: &random) && round % 3 > 0 }
                let skipped = Set(skipping)
                let k = [1, 3, 10, 100, 5000][round % 5]

                LevelSuite.forEachLevel { level in
                    var all: [Neighbor] = []
                    for (index, row) in table.enumerated() {
                        let address = first + UInt64(index)
                        let distance = exactDistance(query, row, metric: metric)
                        let oracle = Oracle.distance(query, row, metric)
                        #expect(
                            agrees(distance, oracle),
                            """
                            \(level), round \(round), row \(index): \(String(describing: distance)), \
                            not \(String(describing: oracle))
                            """
                        )
                        guard let distance, !skipped.contains(UInt32(truncatingIfNeeded: address)) else { continue }
                        all.append(Neighbor(distance: distance, address: address))
                    }
                    let want = Array(all.sorted().prefix(k))

                    var whole = FlatScanner(query: query, metric: metric, k: k)
                    let rows = Array(table.joined())
                    rows.withUnsafeBufferPointer { rows in
                        guard let start = rows.baseAddress else { return }
                        whole.scan(rows: start, count: count, firstAddress: first, skipping: skipping)
                        #expect(whole.result() == want, "\(level), round \(round)")

                        // In pieces, shared out to two scanners.
                        let prepared = PreparedQuery(query, metric: metric)
                        var parts = [FlatScanner(prepared, k: k), FlatScanner(prepared, k: k)]
                        var done = 0
                        while done < count {
                            let piece = Int.random(in: 1...min(count - done, 700), using: &random)
                            parts[Int.random(in: 0...1, using: &random)].scan(
                                rows: start + done * dimension, count: piece, firstAddress: first + UInt64(done),
                                skipping: skipping)
                            done += piece
                        }
                        parts[0].merge(parts[1])
                        #expect(parts[0].result() == want, "\(level), round \(round), in pieces")
                    }
                }
            }
        }

        @Test func equalRowsComeInTheOrderOfTheirAddresses() {
            let row: [Float] = [1, 2, 3]
            let rows = Array(repeatElement(row, count: 2000).joined())
            for metric in Metric.allCases {
                var scanner = FlatScanner(query: [3, 2, 1], metric: metric, k: 5)
                // The later half first.
                rows.withUnsafeBufferPointer { rows in
                    guard let start = rows.baseAddress else { return }
                    scanner.scan(rows: start + 3000, count: 1000, firstAddress: 1000)
                    scanner.scan(rows: start, count: 1000, firstAddress: 0, skipping: [1, 3])
                }
                #expect(scanner.result().map(\.address) == [0, 2, 4, 5, 6])
            }
        }

        @Test func aRunMayCrossTheLow32Bits() {
            let rows: [Float] = [1, 2, 3, 4]
            var scanner = FlatScanner(query: [1], metric: .l2, k: 9)
            scanner.scan(rows: rows, count: 4, firstAddress: 0xffff_fffe, skipping: [0, 0xffff_ffff])
            #expect(scanner.result().map(\.address) == [0xffff_fffe, 0x1_0000_0001])
        }

        @Test func nothingIsFoundForNoKAndInNoRows() {
            let rows: [Float] = [1, 2]
            for k in [0, -1] {
                var scanner = FlatScanner(query: [1], metric: .l2, k: k)
                scanner.scan(rows: rows, count: 2, firstAddress: 0)
                #expect(scanner.result().isEmpty)
            }
            var scanner = FlatScanner(query: [1], metric: .l2, k: 1)
            scanner.scan(rows: rows, count: 0, firstAddress: 0)
            #expect(scanner.result().isEmpty)
        }

        @Test func nothingIsReadOutsideOfTheRows() throws {
            var random = SplitMix64(seed: 9)
            let memory = try GuardedFloats(bytes: 600 * 33 * 4)
            defer { withExtendedLifetime(memory) {} }
            for dimension in 1...33 {
                let rows = random.floats(600 * dimension)
                LevelSuite.forEachLevel { level in
                    for metric in Metric.allCases {
                        var scanner = FlatScanner(query: random.floats(dimension), metric: metric, k: 600)
                        scanner.scan(rows: memory.last(rows), count: 600, firstAddress: 0)
                        #expect(scanner.result().count == 600, "\(level), \(metric), \(dimension)")
                    }
                }
            }
        }

        private func agrees(_ distance: Float?, _ oracle: (value: Double, slack: Double)?) -> Bool {
            guard let distance, let oracle else { return distance == nil && oracle == nil }
            return abs(Double(distance) - oracle.value) <= oracle.slack
        }

        private func oddQuery(_ dimension: Int, _ round: Int, _ random: inout SplitMix64) -> [Float] {
            var query = random.floats(dimension).map { $0 * ([1, 1, 0x1p-140, 1e30, 1e-12] as [Float])[round / 9 % 5] }
            if query.allSatisfy({ $0 == 0 }) { query[0] = .leastNonzeroMagnitude }
            return query
        }

        private func oddRow(_ query: [Float], _ random: inout SplitMix64) -> [Float] {
            var row = random.floats(query.count)
            let place = Int.random(in: 0..<row.count, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0: row = Array(repeating: 0, count: row.count)
            case 1: row[place] = .nan
            case 2: row[place] = .infinity
            case 3: row[place] = -.infinity
            case 4: row[place] = .greatestFiniteMagnitude
            case 5: row = row.map { $0 * 3e38 }
            case 6: row = row.map { $0 * 0x1p-140 }
            case 7: row = row.map { $0 * 1e-21 }
            case 8: row = row.map { $0 * 1e19 }
            case 9: row = query
            case 10: row = query.map { -$0 }
            case 11: row = Array(repeating: 0.5, count: row.count)
            default: break
            }
            return row
        }
    }
}
