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
/// Vectors are read where they lie in the mapped data files; nothing is copied, and nothing is kept but the k nearest.
package struct ExactSearch: Sendable {
    /// Rows that one thread takes at a time: enough that taking them costs nothing beside comparing them.
    private static let bytesPerShare = 4 << 20

    private let fragments: [FragmentReader]
    private let field: TableField
    private let dimension: Int
    private let query: PreparedQuery
    private let threads: Int

    /// - Parameters:
    ///   - field: a `fixed_size_list<float32>` column of the query's length.
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
        var floats: ByteView
        var rowCount: Int
        var firstAddress: UInt64
        var skipping: [UInt32]
    }

    /// The `k` nearest live rows, nearest first, ties by address; fewer when there are fewer that have a distance.
    ///
    /// Blocks the thread for the time of the scan: call it from a thread that may be blocked.
    package func nearest(_ k: Int) async throws -> [Neighbor] {
        let shares = try await plan()
        let rows = shares.reduce(0) { $0 + $1.rowCount }
        let scanner = FlatScanner(query, k: min(k, rows))
        let workers = min(threads, shares.count)
        guard workers > 1 else {
            var scanner = scanner
            for share in shares {
                try Task.checkCancellation()
                Self.scan(share, &scanner)
            }
            return scanner.result()
        }
        let next = Atomic(0)
        let isCancelled = Atomic(false)
        let merged = Mutex(scanner)
        await withTaskCancellationHandler {
            DispatchQueue.concurrentPerform(iterations: workers) { _ in
                var own = scanner
                while !isCancelled.load(ordering: .relaxed) {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < shares.count else { break }
                    Self.scan(shares[index], &own)
                }
                merged.withLock { $0.merge(own) }
            }
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
        try Task.checkCancellation()
        return merged.withLock { $0.result() }
    }

    private static func scan(_ share: Share, _ scanner: inout FlatScanner) {
        share.floats.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            scanner.scan(
                rows: base.assumingMemoryBound(to: Float.self), count: share.rowCount, firstAddress: share.firstAddress,
                skipping: share.skipping)
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
            for block in try await column.vectorBlocks() {
                let skipping = Self.skipping(block, deleted)
                var start = 0
                while start < block.rowCount {
                    let count = min(rowsPerShare, block.rowCount - start)
                    let offset = UInt32(block.firstRow + start)
                    shares.append(
                        Share(
                            floats: try block.floats.slice(start * rowBytes, count * rowBytes), rowCount: count,
                            firstAddress: RowAddress(fragment: reader.id, offset: offset).rawValue, skipping: skipping))
                    start += count
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
