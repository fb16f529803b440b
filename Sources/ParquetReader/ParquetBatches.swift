// SPDX-License-Identifier: Apache-2.0
package import Columnar

/// The rows of a file, some at a time.
///
/// All columns of a batch advance by the same rows, though their pages end at different ones. A batch has as many rows
/// as are expected to fill `maxBytes`; a column whose values are larger than expected ends it early, and what the
/// columns before it have read beyond that stays in `pending` for the next batch.
package struct ParquetBatches {
    private let file: ParquetFile
    private let leaves: [LeafColumn]
    private let schema: Schema
    private let maxBytes: Int
    private var nextGroup = 0
    private var readers: [ColumnReader] = []
    private var pending: [Column?]
    private var failure: (any Error)?
    /// Rows of the row group that no batch has had yet.
    private var rowsLeft = 0
    /// Rows of the row groups before the next.
    private var rowsBefore = 0
    /// Bytes that a row is expected to take: by the metadata first, then by the rows of late.
    private var rowBytes = 1
    /// Bytes and rows of the batches, the older the less.
    private var recent = (bytes: 0, rows: 0)

    init(_ file: ParquetFile, _ leaves: [LeafColumn], _ schema: Schema, maxBytes: Int) {
        self.file = file
        self.leaves = leaves
        self.schema = schema
        self.maxBytes = maxBytes
        pending = leaves.map { _ in nil }
    }

    /// Nil after the last row. What it once threw it throws ever after: the columns may no longer be at one row.
    package mutating func next() throws -> Batch? {
        if let failure { throw failure }
        do {
            return try advance()
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func advance() throws -> Batch? {
        while rowsLeft == 0 {
            guard nextGroup < file.metadata.rowGroups.count else { return nil }
            try open(file.metadata.rowGroups[nextGroup])
            nextGroup += 1
        }
        var rows = max(min(rowsLeft, maxBytes / rowBytes), 1)
        for column in pending { if let column { rows = min(rows, column.count) } }
        rows = cut(try fill(rows))
        var columns: [Column] = []
        for index in pending.indices {
            guard let column = pending[index] else { continue }
            columns.append(try column.slice(0..<rows))
            pending[index] = column.count == rows ? nil : try column.slice(rows..<column.count)
        }
        rowsLeft -= rows
        let bytes = columns.reduce(0) { $0 + $1.bytes(inFirst: rows) }
        recent = (recent.bytes / 2 + bytes, recent.rows / 2 + rows)
        rowBytes = max(recent.bytes / recent.rows, leaves.reduce(1) { $0 + $1.minimumRowBytes })
        return try Batch(schema, columns, count: rows)
    }

    private mutating func open(_ group: RowGroup) throws {
        readers = []
        rowsLeft = group.rowCount
        guard rowsLeft > 0 else { return }
        rowBytes = 1
        recent = (0, 0)
        for leaf in leaves {
            let chunk = group.chunks[leaf.index]
            readers.append(
                try ColumnReader(
                    file.source, chunk, dataEnd: file.dataEnd, column: leaf, rowCount: rowsLeft, firstRow: rowsBefore))
            let variable = leaf.isList || leaf.width == nil ? chunk.uncompressedSize / rowsLeft : 0
            let (sum, overflow) = rowBytes.addingReportingOverflow(leaf.minimumRowBytes + variable)
            rowBytes = overflow ? .max : sum
        }
        rowsBefore += rowsLeft
    }

    /// Reads up to `rows` rows of every column that has none pending; returns how many all have.
    private mutating func fill(_ rows: Int) throws -> Int {
        var rows = rows
        var used = 0
        for index in pending.indices {
            if pending[index] == nil {
                // Together no more than twice `maxBytes`, however far from the expectation the values are.
                let limit = max(maxBytes - used, maxBytes / pending.count, 1)
                pending[index] = try readers[index].read(rows, limit: limit)
            }
            guard let column = pending[index] else { continue }
            rows = min(rows, column.count)
            used += column.bytes(inFirst: rows)
        }
        return rows
    }

    /// Fewer rows, where these take more than `maxBytes`.
    private func cut(_ rows: Int) -> Int {
        func bytes(_ rows: Int) -> Int { pending.reduce(0) { $0 + ($1?.bytes(inFirst: rows) ?? 0) } }
        // A little more is better than a small batch for the rest.
        if bytes(rows) <= maxBytes + maxBytes / 4 { return rows }
        var (low, high) = (1, rows)
        while low + 1 < high {
            let middle = low + (high - low) / 2
            if bytes(middle) <= maxBytes { low = middle } else { high = middle }
        }
        return low
    }
}

extension Column {
    /// About what the first `rows` rows take in memory.
    fileprivate func bytes(inFirst rows: Int) -> Int {
        switch storage {
        case .none: 0
        case .bits: rows / 8
        case .fixed: rows * (type.byteWidth ?? 1)
        case .variable(let offsets, _): (offsets[rows] - offsets[0]) + rows * 8
        case .list(let offsets, let items):
            items.bytes(from: offsets[0], to: offsets[rows]) + rows * 8
        case .fixedSizeList(let items, let length): items.bytes(from: 0, to: rows * length)
        case .structure(let members): members.reduce(0) { $0 + $1.bytes(inFirst: rows) }
        }
    }

    private func bytes(from first: Int, to end: Int) -> Int {
        switch storage {
        case .variable(let offsets, _): (offsets[end] - offsets[first]) + (end - first) * 8
        default: (end - first) * (type.byteWidth ?? 1)
        }
    }
}
