// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceTable
import VectorMath

/// The vectors of a snapshot by row address: for comparing a few rows exactly.
final class VectorCells: @unchecked Sendable {
    // Unchecked: `runs` point into `blocks`, which are Sendable and kept here; nothing changes after `init`.

    /// Rows of one page, in the order of their addresses.
    private struct Run {
        /// Address of the first row.
        var first: UInt64
        var count: Int
        /// Nil for a page that must be decoded.
        var floats: UnsafePointer<Float>?
    }

    private let runs: UnsafeMutablePointer<Run>
    private let count: Int
    /// Of each run: where to decode it from, and its rows without a vector.
    private let places: [(column: ColumnReader, firstRow: Int)]
    private let blocks: [VectorBlock?]
    private let hasNulls: Bool
    /// All pages are in memory or mapped.
    let isInMemory: Bool
    private let dimension: Int

    /// - Parameter columns: the fragments that have the column, ascending.
    init(_ columns: [(fragment: UInt32, column: ColumnReader)], dimension: Int) throws {
        self.dimension = dimension
        isInMemory = columns.allSatisfy { $0.column.isInMemory }
        var runs: [Run] = []
        var places: [(column: ColumnReader, firstRow: Int)] = []
        var blocks: [VectorBlock?] = []
        for (fragment, column) in columns {
            for part in try column.vectorParts() {
                var floats: UnsafePointer<Float>?
                var block: VectorBlock?
                if case .inPlace(let found) = part, found.floats.count >= found.rowCount * dimension * 4 {
                    floats = found.floats.withUnsafeBytes { $0.baseAddress?.assumingMemoryBound(to: Float.self) }
                    block = found
                }
                let first = RowAddress(fragment: fragment, offset: UInt32(truncatingIfNeeded: part.rows.lowerBound))
                // A decoded copy is not kept: all of them would be the column once more.
                runs.append(Run(first: first.rawValue, count: part.rows.count, floats: floats))
                places.append((column, part.rows.lowerBound))
                blocks.append(block)
            }
        }
        self.runs = .allocate(capacity: max(runs.count, 1))
        self.runs.initialize(from: runs, count: runs.count)
        count = runs.count
        self.places = places
        self.blocks = blocks
        hasNulls = blocks.contains { $0?.validity != nil }
    }

    deinit { runs.deallocate() }

    /// The run that holds a row; nil where no page does.
    @inline(__always)
    private func run(of address: UInt64) -> (run: Int, row: Int)? {
        var low = 0
        var high = count
        while low + 1 < high {
            let middle = (low + high) / 2
            if runs[middle].first <= address { low = middle } else { high = middle }
        }
        guard low < count, address >= runs[low].first else { return nil }
        // Another fragment's addresses are farther off than any page has rows.
        let row = address - runs[low].first
        guard row < UInt64(runs[low].count) else { return nil }
        return (low, Int(row))
    }

    /// Where a row's vector lies in memory; nil where it has to be decoded, or there is none.
    @inline(__always)
    private func pointer(_ address: UInt64) -> UnsafePointer<Float>? {
        guard let (run, row) = run(of: address), let floats = runs[run].floats else { return nil }
        if hasNulls, blocks[run]?.validity?[row] == false { return nil }
        return floats + row * dimension
    }

    /// Asks for rows that will be compared, as many as the second-level cache has room for.
    func prefetch(_ neighbors: UnsafeBufferPointer<Neighbor>) {
        for neighbor in neighbors.prefix(ahead) {
            if let row = pointer(neighbor.address) { VectorKernels.prefetch(row, dimension: dimension) }
        }
    }

    /// Rows on their way at a time: they lie far apart in memory.
    private var ahead: Int { max((256 << 10) / (dimension * MemoryLayout<Float>.stride), 2) }

    /// Compares the query with each of the rows and keeps the nearest.
    ///
    /// - Parameter asked: of how many, from the first on, `prefetch(_:)` was told.
    func rank(
        _ neighbors: UnsafeBufferPointer<Neighbor>, asked: Int, _ query: PreparedQuery, into nearest: inout TopK
    ) throws {
        let ahead = ahead
        var decoded: [UInt64] = []
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: max(neighbors.count, 1)) { rows in
            for index in neighbors.indices {
                let row = pointer(neighbors[index].address)
                rows[index] = row
                if index >= asked, index < ahead, let row { VectorKernels.prefetch(row, dimension: dimension) }
            }
            for index in neighbors.indices {
                if index + ahead < neighbors.count, let row = rows[index + ahead] {
                    VectorKernels.prefetch(row, dimension: dimension)
                }
                guard let row = rows[index] else {
                    decoded.append(neighbors[index].address)
                    continue
                }
                if let distance = query.distance(to: row) {
                    nearest.insert(distance: distance, address: neighbors[index].address)
                }
            }
        }
        if !decoded.isEmpty { try rankDecoded(decoded.sorted(), query, into: &nearest) }
    }

    /// The same for rows that must be decoded.
    ///
    /// - Parameter addresses: ascending.
    private func rankDecoded(_ addresses: [UInt64], _ query: PreparedQuery, into nearest: inout TopK) throws {
        var parts: [(run: Int, addresses: ArraySlice<UInt64>)] = []
        var rest = addresses[...]
        while let first = rest.first {
            guard let (run, _) = run(of: first), runs[run].floats == nil else {
                // A row of a page without vectors, or a row that has none.
                rest = rest.dropFirst()
                continue
            }
            let end = runs[run].first + UInt64(runs[run].count)
            let here = rest.prefix { $0 < end }
            rest = rest.dropFirst(here.count)
            parts.append((run, here))
        }
        let found = try parts.mapFetching { run, here in
            let (column, firstRow) = places[run]
            return try column.vectors(taking: here.map { firstRow + Int($0 - runs[run].first) })
        }
        for ((_, here), block) in zip(parts, found) {
            guard let block else { continue }
            block.floats.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
                for (row, address) in here.enumerated() where block.validity?[row] != false {
                    if let distance = query.distance(to: base + row * dimension) {
                        nearest.insert(distance: distance, address: address)
                    }
                }
            }
        }
    }
}
