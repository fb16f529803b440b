// SPDX-License-Identifier: Apache-2.0
import LanceFile
package import LanceIndex
package import LanceTable
import Synchronization
package import VectorMath

/// The vector index of a column as one version of the table sees it: all segments of one name, and the fragments that
/// none of them covers.
package final class VectorIndex: Sendable {
    package let name: String
    package let metric: Metric
    package let segments: [LiveSegment]
    /// Fragments whose rows must be compared one by one.
    package let tail: [FragmentReader]
    package let tailRows: Int
    private let snapshot: Snapshot
    private let field: TableField
    private let dimension: Int
    private let cells = Mutex<VectorCells?>(nil)

    init(
        name: String, metric: Metric, segments: [LiveSegment], tail: [FragmentReader], tailRows: Int,
        snapshot: Snapshot, field: TableField, dimension: Int
    ) {
        self.name = name
        self.metric = metric
        self.segments = segments
        self.tail = tail
        self.tailRows = tailRows
        self.snapshot = snapshot
        self.field = field
        self.dimension = dimension
    }

    /// The table's vectors, if a search has asked for them before.
    var knownVectors: VectorCells? { cells.withLock { $0 } }

    /// The table's vectors. The first search that compares some exactly prepares them, and others wait for it: pages that
    /// are not flat are decoded for that, and it throws where they cannot be.
    func vectors() async throws -> VectorCells {
        if let knownVectors { return knownVectors }
        var columns: [(fragment: UInt32, column: ColumnReader)] = []
        for reader in snapshot.fragmentReaders {
            if let column = try await reader.column(field) { columns.append((reader.id, column)) }
        }
        return try cells.withLock { cells in
            if let cells { return cells }
            let made = try VectorCells(columns, dimension: dimension)
            cells = made
            return made
        }
    }
}
