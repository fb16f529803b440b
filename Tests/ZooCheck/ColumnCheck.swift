// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import LanceTable
import TestSupport

/// Reads one column of a table twice: all live rows, batch by batch, and some rows of each fragment by their offsets.
struct ColumnCheck {
    let snapshot: Snapshot
    let field: TableField

    /// Bytes of one batch. The first ones are short and of odd length, so that batches end inside pages and chunks.
    private static let mostBatchBytes = 64 << 20
    private static let firstBatchRows = 1009
    private static let sampledRows = 20

    struct Result {
        var canonical = CanonicalBytes()
        var rows = 0
    }

    /// Throws what reading throws, and `TakeDifference` where a row that is taken differs from the row that was read.
    func run() async throws -> Result {
        var result = Result()
        for fragment in snapshot.fragmentReaders {
            let samples = try await read(fragment, into: &result)
            try await compareTaken(samples, of: fragment)
        }
        return result
    }

    /// Reads all rows, appends the live ones to the result, and returns the canonical bytes of some rows by offset.
    private func read(_ fragment: FragmentReader, into result: inout Result) async throws -> [Int: [UInt8]] {
        let total = try await fragment.physicalRows()
        let deletions = try await fragment.deletions()
        let chosen = sampleOffsets(total, seed: fragment.id)
        var samples: [Int: [UInt8]] = [:]
        var start = 0
        var batchRows = Self.firstBatchRows
        while start < total {
            let range = start..<min(total, start + batchRows)
            let column = try await fragment.read(field, range)
            guard column.count == range.count else { throw WrongCount(range: range, rows: column.count) }
            let live = Self.liveRows(range, deletions)
            try result.canonical.append(column, live)
            result.rows += live.reduce(0) { $0 + $1.count }
            for offset in chosen where range.contains(offset) {
                samples[offset] = try CanonicalBytes.of(column, row: offset - start)
            }
            start = range.upperBound
            let rowBytes = max(column.byteCount / range.count, 1)
            batchRows = max(1, min(batchRows * 7, Self.mostBatchBytes / rowBytes))
        }
        return samples
    }

    /// The rows of `range` that are not deleted, counted from its start.
    private static func liveRows(_ range: Range<Int>, _ deletions: DeletionVector?) -> [Range<Int>] {
        var live: [Range<Int>] = []
        var next = 0
        for deleted in deletions?.slice(range) ?? [] {
            let row = Int(deleted) - range.lowerBound
            if next < row { live.append(next..<row) }
            next = row + 1
        }
        if next < range.count { live.append(next..<range.count) }
        return live
    }

    private func sampleOffsets(_ total: Int, seed: UInt32) -> Set<Int> {
        guard total > 0 else { return [] }
        var random = SplitMix64(seed: UInt64(seed) << 32 | UInt64(UInt32(bitPattern: field.id)))
        return Set((0..<Self.sampledRows).map { _ in random.below(total) } + [0, total - 1])
    }

    /// Takes the sampled rows together, out of order and one of them twice, and then two of them alone.
    private func compareTaken(_ samples: [Int: [UInt8]], of fragment: FragmentReader) async throws {
        guard let last = samples.keys.max() else { return }
        var random = SplitMix64(seed: UInt64(fragment.id))
        let mixed = samples.keys.sorted().shuffled(using: &random) + [last]
        for offsets in [mixed, [last], [mixed[0]]] {
            let taken: Column
            do {
                let column = try await fragment.column(field)
                taken = try await column?.take(offsets) ?? Column.nulls(field.type, count: offsets.count)
            } catch let failure as Failure {
                throw TakeFailure(underlying: failure)
            }
            guard taken.count == offsets.count else {
                throw TakeDifference(fragment: fragment.id, row: offsets[0], detail: "\(taken.count) rows were taken")
            }
            for (index, offset) in offsets.enumerated()
            where try CanonicalBytes.of(taken, row: index) != samples[offset] {
                throw TakeDifference(
                    fragment: fragment.id, row: offset,
                    detail: "taken, among \(offsets.count) rows, it is not what the whole read gave")
            }
        }
    }
}

struct WrongCount: Error, CustomStringConvertible {
    let range: Range<Int>
    let rows: Int
    var description: String { "rows \(range): \(rows) rows were read" }
}

/// The whole read went well, but single rows could not be read.
struct TakeFailure: Error, CustomStringConvertible {
    let underlying: Failure
    var description: String { "take: \(underlying)" }
}

struct TakeDifference: Error, CustomStringConvertible {
    let fragment: UInt32
    let row: Int
    let detail: String
    var description: String { "row \(row) of fragment \(fragment): \(detail)" }
}
