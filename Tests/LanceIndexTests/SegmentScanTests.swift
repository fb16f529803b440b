// SPDX-License-Identifier: Apache-2.0
import LanceIndex
import TestSupport
import Testing
import VectorMath

/// What a scan finds by way of bounds is what computing every distance in full finds, whatever the numbers.
///
/// In a process of its own: the kernel level is the process's, and other tests force it too.
struct SegmentScanTests {
    @Test func usualNumbers() async {
        await #expect(processExitsWith: .success) {
            await reportingErrors {
                try await SegmentScanCheck.run([.usual, .coarse, .shortWords, .equalWords], cases: 12, seed: 1)
            }
        }
    }

    @Test func numbersThatCancel() async {
        await #expect(processExitsWith: .success) {
            await reportingErrors { try await SegmentScanCheck.run([.offset, .uneven], cases: 20, seed: 2) }
        }
    }

    @Test func numbersOfAnySize() async {
        await #expect(processExitsWith: .success) {
            await reportingErrors {
                try await SegmentScanCheck.run([.large, .tooLarge, .small, .tiny], cases: 10, seed: 3)
            }
        }
    }
}

/// Tells the parent process what was thrown: an error that leaves an exit test's body only ends the process.
private func reportingErrors(_ body: () async throws -> Void) async {
    do { try await body() } catch { Issue.record(error) }
}

enum SegmentScanCheck {
    static func run(_ shapes: [ScanCase.Shape], cases: Int, seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let scratch = ScanScratch()
        for shape in shapes {
            for metric in [Metric.l2, .cosine, .dot] {
                for number in 0..<cases {
                    let start = random
                    let scan = try await ScanCase(&random, shape: shape, metric: metric)
                    for level in KernelLevel.supported {
                        KernelLevel.force(level)
                        do {
                            var random = random
                            for _ in 0..<4 { try check(scan, &random, scratch) }
                        } catch {
                            throw CheckFailure(
                                "\(shape) \(metric) case \(number) (state \(start)), \(level), \(scan.bits) bits, "
                                    + "\(scan.subVectors) x \(scan.width): \(error)")
                        }
                    }
                    KernelLevel.force(nil)
                    _ = random.next()
                }
            }
        }
    }

    private static func check(_ scan: ScanCase, _ random: inout SplitMix64, _ scratch: ScanScratch) throws {
        let query = scan.query(&random)
        let prepared = scan.prepared(query)
        let total = scan.segments.reduce(0) { $0 + $1.rowIDs.reduce(0) { $0 + $1.count } }
        let keep = [1, 10, 100, total + 1][random.below(4)]
        var kept = 0
        var expected: [Neighbor] = []
        for segment in scan.segments {
            guard var run = SegmentScan(segment.live, query: query, keep: keep, kept: kept, scratch: scratch) else {
                try TestSupport.check(isTooLarge(scan, segment, prepared), "the scan gave up")
                return
            }
            let partitions = segment.rowIDs.count
            let probes = random.chance(0.5) ? partitions : 1 + random.below(partitions)
            run.rank(probes)
            let probed = (0..<probes).map { run.partition($0) }
            try checkRanks(scan, segment, prepared, probed)
            for partition in probed { run.scan(partition) }
            try TestSupport.check(run.probed == probes, "\(run.probed) of \(probes) probes")
            let codes = probed.reduce(0) { $0 + segment.rowIDs[$1].count }
            try TestSupport.check(run.codesScanned == codes, "\(run.codesScanned) of \(codes) codes")
            // Asked only which rows are the nearest, it may leave distances out.
            var choice = run
            if scan.segments.count == 1 { try checkChoice(scan, segment, prepared, probed, keep, &choice, scratch) }
            if scan.segments.count == 1 {
                guard let again = SegmentScan(segment.live, query: query, keep: keep, kept: 0, scratch: scratch) else {
                    throw CheckFailure("the scan gives up the second time")
                }
                run = again
                run.rank(probes)
                for partition in probed { run.scan(partition) }
            }
            kept = run.finish(kept: kept, isChoice: false)
            expected += scan.all(prepared, segment, probed)
            expected = Array(expected.sorted().prefix(keep))
            let found = UnsafeBufferPointer(start: scratch.neighbors.base, count: kept).sorted()
            if found != expected {
                let first = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }
                throw CheckFailure(
                    "keep \(keep), \(probes) of \(partitions) probes, \(scan.segments.count) segments: \(found.count) "
                        + "rows for \(expected.count); the first that differs: \(first.map { "\($0)" } ?? "none")")
            }
            try checkDistances(scan, segment, prepared, probed, found)
        }
    }

    private static func checkChoice(
        _ scan: ScanCase, _ segment: ScanCase.Segment, _ query: [Float], _ probed: [Int], _ keep: Int,
        _ run: inout SegmentScan, _ scratch: ScanScratch
    ) throws {
        let count = run.finish(kept: 0, isChoice: true)
        let found = UnsafeBufferPointer(start: scratch.neighbors.base, count: count).map(\.address)
        let expected = scan.all(query, segment, probed).sorted().prefix(keep).map(\.address)
        try TestSupport.check(
            found.sorted() == expected.sorted(),
            "keep \(keep), \(probed.count) probes: the choice is \(Array(Set(found).subtracting(expected).prefix(5))) more, "
                + "\(Array(Set(expected).subtracting(found).prefix(5))) less")
    }

    /// Codes say nothing only where squares leave the range of single precision.
    private static func isTooLarge(_ scan: ScanCase, _ segment: ScanCase.Segment, _ query: [Float]) -> Bool {
        let largest = (query + segment.centroids + segment.codebook).reduce(0.0) { max($0, Double($1.magnitude)) }
        return largest > 1e16
    }

    /// The probed partitions are the nearest, but for rounding, in whatever order.
    private static func checkRanks(
        _ scan: ScanCase, _ segment: ScanCase.Segment, _ query: [Float], _ probed: [Int]
    ) throws {
        try TestSupport.check(Set(probed).count == probed.count, "a partition is probed twice")
        var sizes = 1.0
        let distances = segment.rowIDs.indices.map { partition -> Double in
            var distance = 0.0
            for d in 0..<scan.dimension {
                let (q, c) = (Double(query[d]), Double(segment.centroids[partition * scan.dimension + d]))
                distance += scan.metric == .dot ? -q * c : (q - c) * (q - c)
                sizes = max(sizes, scan.metric == .dot ? abs(q * c) : (q - c) * (q - c))
            }
            return distance
        }
        let error = sizes * Double(scan.dimension) * 1e-6
        let order = distances.sorted()
        let farthest = order[probed.count - 1]
        for partition in probed {
            try TestSupport.check(
                distances[partition] <= farthest + error,
                "partition \(partition) at \(distances[partition]) is among \(probed.count), the last of which is at "
                    + "\(farthest)")
        }
    }

    /// Single precision has the distances that plain arithmetic has.
    private static func checkDistances(
        _ scan: ScanCase, _ segment: ScanCase.Segment, _ query: [Float], _ probed: [Int], _ found: [Neighbor]
    ) throws {
        let distances = Dictionary(uniqueKeysWithValues: found.map { ($0.address, $0.distance) })
        var left = 60
        for partition in probed {
            for (row, id) in segment.rowIDs[partition].enumerated() {
                guard left > 0, let distance = distances[id] else { continue }
                left -= 1
                let (exact, size) = scan.distance(query, segment, partition, row)
                try TestSupport.check(
                    abs(Double(distance) - exact) <= size * Double(scan.dimension + 8) * 1.2e-7,
                    "row \(id) is at \(distance), and at \(exact) in double precision")
            }
        }
    }
}
