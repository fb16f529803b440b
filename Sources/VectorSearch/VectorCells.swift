// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceTable
import VectorMath

/// The vectors of a snapshot by row address: for comparing a few rows exactly.
struct VectorCells: Sendable {
    private let fragments: [Fragment]
    private let dimension: Int

    private struct Fragment: Sendable {
        var id: UInt32
        var column: ColumnReader
        var pages: [Page]
    }

    private struct Page: @unchecked Sendable {
        // Unchecked: `floats` points into `block`, which is Sendable and kept here.
        var block: VectorBlock?
        /// Nil for a page that must be decoded, or that has no vectors.
        var floats: UnsafePointer<Float>?
        var firstRow: Int
    }

    init(_ snapshot: Snapshot, _ field: TableField, dimension: Int) async throws {
        self.dimension = dimension
        var fragments: [Fragment] = []
        for reader in snapshot.fragmentReaders {
            guard let column = try await reader.column(field) else { continue }
            let pages = try column.pages.indices.map { index in
                let block = try column.vectorBlock(page: index)
                // A decoded copy is not kept: all of them would be the column once more.
                guard let block, block.isInPlace else {
                    return Page(block: nil, floats: nil, firstRow: column.pages[index].firstRow)
                }
                let floats = block.floats.withUnsafeBytes { $0.baseAddress?.assumingMemoryBound(to: Float.self) }
                return Page(block: block, floats: floats, firstRow: block.firstRow)
            }
            fragments.append(Fragment(id: reader.id, column: column, pages: pages))
        }
        self.fragments = fragments
    }

    /// Where a row's vector lies in memory; nil where it has to be decoded, or is null.
    @inline(__always)
    func pointer(_ address: UInt64) -> UnsafePointer<Float>? {
        guard let (fragment, page, row) = locate(address), let floats = fragments[fragment].pages[page].floats,
            let block = fragments[fragment].pages[page].block, row < block.rowCount, block.validity?[row] != false
        else { return nil }
        return floats + row * dimension
    }

    @inline(__always)
    private func locate(_ address: UInt64) -> (fragment: Int, page: Int, row: Int)? {
        let id = UInt32(truncatingIfNeeded: address >> 32)
        let offset = Int(address & 0xffff_ffff)
        var low = 0
        var high = fragments.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if fragments[middle].id <= id { low = middle } else { high = middle }
        }
        guard low < fragments.count, fragments[low].id == id else { return nil }
        let fragment = low
        low = 0
        high = fragments[fragment].pages.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if fragments[fragment].pages[middle].firstRow <= offset { low = middle } else { high = middle }
        }
        guard low < fragments[fragment].pages.count else { return nil }
        return (fragment, low, offset - fragments[fragment].pages[low].firstRow)
    }

    /// Compares the query with each of the rows and keeps the nearest.
    ///
    /// The rows lie far apart in memory: each is asked for some rows before it is used.
    func rank(_ neighbors: UnsafeBufferPointer<Neighbor>, _ query: PreparedQuery, into nearest: inout TopK) throws {
        let ahead = 4
        for index in 0..<min(ahead, neighbors.count) {
            if let row = pointer(neighbors[index].address) { VectorKernels.prefetch(row, dimension: dimension) }
        }
        var decoded: [UInt64] = []
        for index in neighbors.indices {
            if index + ahead < neighbors.count, let row = pointer(neighbors[index + ahead].address) {
                VectorKernels.prefetch(row, dimension: dimension)
            }
            let address = neighbors[index].address
            guard let row = pointer(address) else {
                decoded.append(address)
                continue
            }
            if let distance = query.distance(to: row) { nearest.insert(distance: distance, address: address) }
        }
        if !decoded.isEmpty { try rankDecoded(decoded.sorted(), query, into: &nearest) }
    }

    /// The same for rows whose pages must be decoded, each page once.
    private func rankDecoded(_ addresses: [UInt64], _ query: PreparedQuery, into nearest: inout TopK) throws {
        var current: (fragment: Int, page: Int, block: VectorBlock?)?
        for address in addresses {
            guard let (fragment, page, row) = locate(address) else { continue }
            if current == nil || current?.fragment != fragment || current?.page != page {
                current = (fragment, page, try fragments[fragment].column.vectorBlock(page: page))
            }
            guard let block = current?.block, row < block.rowCount, block.validity?[row] != false else { continue }
            let distance = block.floats.withUnsafeBytes { bytes in
                bytes.baseAddress.flatMap {
                    query.distance(to: $0.assumingMemoryBound(to: Float.self) + row * dimension)
                }
            }
            if let distance { nearest.insert(distance: distance, address: address) }
        }
    }
}
