// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Dispatch
package import LanceFile
package import LanceTable
import Synchronization
package import VectorMath

/// Compares a query with every live vector of some fragments: recall 1, at the speed of memory.
///
/// Vectors are read where they lie in the mapped data files, where these are single floats one after another; others are
/// decoded a part at a time. Nothing is kept but the k nearest.
package struct ExactSearch: Sendable {
    /// Rows that one thread takes at a time: enough that taking them costs nothing beside comparing them.
    private static let bytesPerShare = 4 << 20
    /// Bytes of vectors that are fetched before they are compared.
    private static let fetchedBytes = 64 << 20

    private let fragments: [FragmentReader]
    private let field: TableField
    private let dimension: Int
    private let query: PreparedQuery
    private let threads: Int

    /// - Parameters:
    ///   - field: a fixed-size list of floats, of the query's length.
    ///   - query: finite, and not zero for cosine; the caller has checked.
    package init(_ fragments: [FragmentReader], field: TableField, query: [Float], metric: Metric, threads: Int) {
        self.fragments = fragments
        self.field = field
        dimension = query.count
        self.query = PreparedQuery(query, metric: metric)
        self.threads = threads
    }

    /// A run of rows to compare with.
    private struct Share: Sendable {
        /// Nil where the rows must be decoded.
        var floats: ByteView?
        var column: ColumnReader
        var rows: Range<Int>
        var firstAddress: UInt64
        var skipping: [UInt32]
    }

    /// The `k` nearest live rows, nearest first, ties by address; fewer when there are fewer that have a distance.
    ///
    /// Blocks the thread for the time of the scan: call it from a thread that may be blocked.
    package func nearest(_ k: Int) async throws -> [Neighbor] {
        let shares = try await plan()
        let rows = shares.reduce(0) { $0 + $1.rows.count }
        let empty = FlatScanner(query, k: min(k, rows))
        var scanner = empty
        if shares.allSatisfy({ $0.floats != nil || $0.column.isInMemory }) {
            try await scan(shares, empty, &scanner)
            return scanner.result()
        }
        // What must be fetched is in memory for a part of the table at a time.
        var rest = shares[...]
        while !rest.isEmpty {
            var bytes = 0
            let part = rest.prefix { share in
                defer { bytes += share.rows.count * dimension * MemoryLayout<Float>.stride }
                return bytes < Self.fetchedBytes
            }
            rest = rest.dropFirst(part.count)
            let blocks = try await fetching { try part.mapFetching { try $0.column.vectors($0.rows) } }
            let here = zip(part, blocks).compactMap { share, block in
                block.map { block in
                    var share = share
                    share.floats = block.floats
                    share.skipping = Self.skipping(block, share.skipping)
                    return share
                }
            }
            try await scan(here, empty, &scanner)
        }
        return scanner.result()
    }

    /// Compares with all shares, and adds what is nearest to what `scanner` has.
    private func scan(_ shares: [Share], _ empty: FlatScanner, _ scanner: inout FlatScanner) async throws {
        let workers = min(threads, shares.count)
        guard workers > 1 else {
            for share in shares {
                try Task.checkCancellation()
                try Self.scan(share, &scanner)
            }
            return
        }
        let next = Atomic(0)
        let isCancelled = Atomic(false)
        let merged = Mutex(scanner)
        let failed = Mutex<(any Error)?>(nil)
        await withTaskCancellationHandler {
            DispatchQueue.concurrentPerform(iterations: workers) { _ in
                var own = empty
                while !isCancelled.load(ordering: .relaxed) {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < shares.count else { break }
                    do {
                        try Self.scan(shares[index], &own)
                    } catch {
                        failed.withLock { $0 = $0 ?? error }
                        isCancelled.store(true, ordering: .relaxed)
                    }
                }
                merged.withLock { $0.merge(own) }
            }
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
        if let error = failed.withLock({ $0 }) { throw error }
        try Task.checkCancellation()
        scanner = merged.withLock { $0 }
    }

    private static func scan(_ share: Share, _ scanner: inout FlatScanner) throws {
        var floats = share.floats
        var skipping = share.skipping
        if floats == nil {
            guard let block = try share.column.vectors(share.rows) else { return }
            floats = block.floats
            skipping = Self.skipping(block, skipping)
        }
        floats?.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            scanner.scan(
                rows: base.assumingMemoryBound(to: Float.self), count: share.rows.count,
                firstAddress: share.firstAddress, skipping: skipping)
        }
    }

    /// Cuts all fragments' vectors into shares.
    private func plan() async throws -> [Share] {
        var shares: [Share] = []
        let rowBytes = dimension * MemoryLayout<Float>.size
        let rowsPerShare = max(Self.bytesPerShare / rowBytes, 1)
        for reader in fragments {
            guard let column = try await reader.column(field) else { continue }
            let deleted = try await reader.deletions()?.offsets ?? []
            for part in try column.vectorParts() {
                var skipping = deleted
                var floats: ByteView?
                if case .inPlace(let block) = part {
                    skipping = Self.skipping(block, deleted)
                    floats = block.floats
                }
                // A part that must be decoded is small already.
                let most = floats == nil ? part.rows.count : rowsPerShare
                var start = part.rows.lowerBound
                while start < part.rows.upperBound {
                    let end = min(start + most, part.rows.upperBound)
                    let offset = (start - part.rows.lowerBound) * rowBytes
                    shares.append(
                        Share(
                            floats: try floats?.slice(offset, (end - start) * rowBytes), column: column,
                            rows: start..<end,
                            firstAddress: RowAddress(fragment: reader.id, offset: UInt32(start)).rawValue,
                            skipping: skipping))
                    start = end
                }
            }
        }
        return shares
    }

    /// Deleted rows and null vectors, ascending.
    private static func skipping(_ block: VectorBlock, _ deleted: [UInt32]) -> [UInt32] {
        guard let validity = block.validity else { return deleted }
        let nulls = (0..<block.rowCount).filter { !validity[$0] }.map { UInt32(block.firstRow + $0) }
        return deleted.isEmpty ? nulls : Set(deleted + nulls).sorted()
    }
}
