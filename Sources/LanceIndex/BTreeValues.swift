// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// The values of a column and the rows that have them, gathered to be put in order.
struct BTreeValues: Sendable {
    let type: DataType
    /// Ids of the rows with a value, in the order they were added.
    var rowIDs: [UInt64] = []
    /// Ids of the rows whose value is null.
    var nullRowIDs: [UInt64] = []
    /// Of a text column: the values one after another, and where each ends.
    var bytes: [UInt8] = []
    var ends: [UInt64] = []
    /// Of an integer column: the numbers, moved so that their order is that of unsigned ones.
    var ranks: [UInt64] = []
    /// What moves a signed number's bits to its rank.
    let sign: UInt64

    init(_ type: DataType) throws {
        guard type.isBTreeKey else {
            throw Failure(.unsupported, "a BTREE index over \(type); supported are \(DataType.btreeKeys)")
        }
        self.type = type
        switch type {
        case .int8, .int16, .int32, .int64: sign = 1 << 63
        default: sign = 0
        }
    }

    var count: Int { rowIDs.count + nullRowIDs.count }

    /// Makes room for so many rows in all: growing bit by bit would touch twice the memory.
    mutating func reserve(_ rows: Int) {
        rowIDs.reserveCapacity(rows)
        if type.isText { ends.reserveCapacity(rows) } else { ranks.reserveCapacity(rows) }
    }

    /// The most rows that can be put in order, and that a data file holds.
    private static let most = Int(UInt32.max)

    /// Adds rows of a column, but for those whose places are in `deleted`; row i has the id `firstID + i`.
    mutating func append(_ column: Column, firstID: UInt64, deleted: ArraySlice<UInt32>, firstOffset: UInt32) throws {
        guard count <= Self.most - column.count else {
            throw Failure(.unsupported, "a BTREE index over more than \(Self.most) rows")
        }
        // Runs of rows that are all there: most columns are a single one.
        var start = 0
        for offset in deleted {
            let row = Int(offset - firstOffset)
            try append(column, start..<row, firstID)
            start = row + 1
        }
        try append(column, start..<column.count, firstID)
    }

    private mutating func append(_ column: Column, _ rows: Range<Int>, _ firstID: UInt64) throws {
        guard let validity = column.validity else {
            try appendValues(column, rows, firstID)
            return
        }
        var start = rows.lowerBound
        for row in rows where !validity[row] {
            try appendValues(column, start..<row, firstID)
            nullRowIDs.append(firstID + UInt64(row))
            start = row + 1
        }
        try appendValues(column, start..<rows.upperBound, firstID)
    }

    /// Adds rows of which none is null.
    private mutating func appendValues(_ column: Column, _ rows: Range<Int>, _ firstID: UInt64) throws {
        guard !rows.isEmpty else { return }
        for row in rows { rowIDs.append(firstID + UInt64(row)) }
        switch column.storage {
        case .variable(let offsets, let data):
            let first = offsets[rows.lowerBound]
            let moved = bytes.count - first
            try data.slice(first, offsets[rows.upperBound] - first).withUnsafeBytes { bytes.append(contentsOf: $0) }
            for row in rows { ends.append(UInt64(offsets[row + 1] + moved)) }
        case .fixed(let view):
            switch type {
            case .int8: appendRanks(view, rows, Int8.self)
            case .int16: appendRanks(view, rows, Int16.self)
            case .int32: appendRanks(view, rows, Int32.self)
            case .int64: appendRanks(view, rows, Int64.self)
            case .uint8: appendRanks(view, rows, UInt8.self)
            case .uint16: appendRanks(view, rows, UInt16.self)
            case .uint32: appendRanks(view, rows, UInt32.self)
            default: appendRanks(view, rows, UInt64.self)
            }
        default: throw Failure(.corrupt, "a \(column.type) column without values")
        }
    }

    private mutating func appendRanks<T: FixedWidthInteger & BitwiseCopyable>(
        _ view: ByteView, _ rows: Range<Int>, _: T.Type
    ) {
        // The column's initialiser has checked that the view holds all its rows.
        view.withUnsafeBytes { source in
            for row in rows {
                let value = source.loadUnaligned(fromByteOffset: row * MemoryLayout<T>.size, as: T.self)
                ranks.append(UInt64(truncatingIfNeeded: value) ^ sign)
            }
        }
    }

    /// Puts the values in order. Throws where the task is cancelled.
    consuming func sorted() throws -> SortedBTreeValues {
        let order: [UInt32]
        if type.isText {
            // An address even where every text is empty.
            if bytes.isEmpty { bytes.append(0) }
            order = try bytes.withUnsafeBufferPointer { bytes in
                try ends.withUnsafeBufferPointer { ends in
                    guard let bytes = bytes.baseAddress, let ends = ends.baseAddress else { return [] }
                    return try BTreeSort.order(by: BTreeSort.Texts(bytes: bytes, ends: ends), count: rowIDs.count)
                }
            }
        } else {
            order = ranks.withUnsafeBufferPointer { BTreeSort.order(by: $0) }
        }
        return SortedBTreeValues(values: self, order: order)
    }
}
