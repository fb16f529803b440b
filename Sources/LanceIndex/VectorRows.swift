// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceTable
import ObjectStorage
import VectorMath

/// The live vectors of some fragments for building an index: numbered from 0 on, in the order of their addresses, those
/// that cannot be indexed included.
struct VectorRows: Sendable {
    /// A page of vectors.
    struct Part: Sendable {
        /// Number of the first row.
        var first: Int
        var count: Int
        /// The first row's offset in its fragment.
        var offset: Int
        var deletions: DeletionVector?
        fileprivate var ids: FragmentRowIDs
        fileprivate var column: ColumnReader
        /// Nil where the rows must be decoded each time.
        fileprivate var block: VectorBlock?

        /// What the index calls a row of the part.
        func id(_ row: Int) -> UInt64 { ids.id(at: offset + row) }

        /// Calls `body` with `count` x dimension floats, and with which rows have a vector.
        func withFloats<R>(_ body: (UnsafePointer<Float>, Bitmap?) throws -> R) throws -> R? {
            guard let block = try block ?? column.vectors(offset..<offset + count) else { return nil }
            return try block.floats.withUnsafeBytes { bytes in
                try bytes.baseAddress.map { try body($0.assumingMemoryBound(to: Float.self), block.validity) }
            }
        }
    }

    let parts: [Part]
    let count: Int
    let dimension: Int

    init(_ snapshot: Snapshot, _ fragments: [FragmentReader], _ field: TableField, dimension: Int) async throws {
        self.dimension = dimension
        var parts: [Part] = []
        var count = 0
        var spool: SpoolFile?
        var spooled: [(part: Int, bytes: Range<Int>)] = []
        for reader in fragments {
            guard let column = try await reader.column(field) else { continue }
            let deletions = try await reader.deletions()
            let ids = try await snapshot.rowIDs(of: reader)
            for part in try column.vectorParts() {
                var block: VectorBlock?
                if case .inPlace(let found) = part { block = found }
                if !column.isInMemory {
                    // They are looked at several times, and fetched once.
                    guard let found = try await fetching({ try column.vectors(part.rows) }) else { continue }
                    let file = try spool ?? SpoolFile()
                    spool = file
                    try file.write(found.floats)
                    spooled.append((parts.count, file.count - found.floats.count..<file.count))
                    block = found.withoutFloats
                }
                parts.append(
                    Part(
                        first: count, count: part.rows.count, offset: part.rows.lowerBound, deletions: deletions,
                        ids: ids,
                        column: column, block: block))
                count += part.rows.count
            }
        }
        guard count <= Int(UInt32.max) else {
            throw Failure(
                .unsupported, "an index over \(count) rows; at most \(UInt32.max) are supported",
                path: snapshot.location)
        }
        if let spool {
            let all = try spool.region(name: snapshot.location).view
            for (part, bytes) in spooled {
                parts[part].block?.floats = try all.slice(bytes.lowerBound, bytes.count)
            }
        }
        self.parts = parts
        self.count = count
    }
}
