// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
import Columnar

/// A run of a vector column's rows that stand next to each other in memory.
package struct VectorBlock: Sendable {
    /// Row number in the file of the block's first row.
    package let firstRow: Int
    package let rowCount: Int
    /// `rowCount` x dimension floats, 4-byte aligned.
    package var floats: ByteView
    /// Rows that have a vector without null items; nil when all have.
    package let validity: Bitmap?

    /// The block without its numbers, for one who keeps them elsewhere.
    package var withoutFloats: VectorBlock {
        VectorBlock(firstRow: firstRow, rowCount: rowCount, floats: .empty, validity: validity)
    }
}

extension ColumnReader {
    /// Bytes that a part which must be decoded makes at most, but for a single row.
    private static let decodedBytes = 16 << 20
    /// Parts of a page at most.
    private static let mostParts = 4096

    /// The numbers of each vector; throws for columns that hold no vectors of floats.
    package func vectorDimension() throws -> Int {
        guard case .fixedSizeList(let item, let dimension) = field.type, item.isFloat, dimension > 0 else {
            throw Failure(.schemaMismatch, "column '\(field.name)' is \(field.type), not vectors of floats")
        }
        return dimension
    }

    /// All rows of a column of `fixed_size_list` of float16, float32 or float64, in order: page by page where the numbers
    /// can be used as they stand in the file, else in parts that are decoded one at a time.
    ///
    /// Pages without a single vector are left out.
    package func vectorParts() throws -> [VectorPart] {
        let dimension = try vectorDimension()
        let mostRows = max(Self.decodedBytes / (dimension * MemoryLayout<Float>.stride), 1)
        var parts: [VectorPart] = []
        for page in pages where page.rowCount > 0 && !page.hasNoItem {
            if try isInPlace(page, dimension) {
                if let block = try vectors(page.rows) { parts.append(.inPlace(block)) }
                continue
            }
            // More parts than any page needs would be the list's own trouble.
            let mostRows = max(mostRows, page.rowCount / Self.mostParts + 1)
            var start = page.firstRow
            while start < page.rows.upperBound {
                let end = min(start + mostRows, page.rows.upperBound)
                parts.append(.decoded(start..<end))
                start = end
            }
        }
        return parts
    }

    /// Whether the numbers of a page stand in the file as they are used: then so do those of its first row and its last,
    /// as far apart as all the rows are long.
    private func isInPlace(_ page: Page, _ dimension: Int) throws -> Bool {
        guard page.isInMemory else { return false }
        func numbers(_ row: Int) throws -> ByteView? {
            let column = try readInPlace(row..<row + 1)
            guard case .fixedSizeList(let items, _) = column.storage, case .fixed(let view) = items.storage,
                items.type == .float32, view.aligned(to: 4).region === view.region,
                page.buffers.contains(where: { $0.inMemory?.region === view.region })
            else { return nil }
            return view
        }
        guard let first = try numbers(page.firstRow), let last = try numbers(page.rows.upperBound - 1) else {
            return false
        }
        let (distance, overflow) = (page.rowCount - 1).multipliedReportingOverflow(by: dimension * 4)
        return !overflow && last.fileOffset &- first.fileOffset == UInt64(distance)
    }

    /// The vectors of some rows as single floats; nil where there is none.
    package func vectors(_ rows: Range<Int>) throws -> VectorBlock? {
        _ = try vectorDimension()
        return try block(readInPlace(rows), firstRow: rows.lowerBound)
    }

    /// The same of rows in any order, numbered in the block from 0 on.
    package func vectors(taking rows: [Int]) throws -> VectorBlock? {
        _ = try vectorDimension()
        return try block(takeInPlace(rows), firstRow: 0)
    }

    private func block(_ column: Column, firstRow: Int) throws -> VectorBlock? {
        guard case .fixedSizeList(let items, let dimension) = column.storage, case .fixed(let view) = items.storage
        else { return nil }
        // A vector with a null item is no vector: it is stored, and never found.
        var validity = column.validity
        if let itemValidity = items.validity {
            validity = Bitmap(
                (0..<column.count).map { row in
                    !column.isNull(row) && itemValidity.slice(row * dimension..<(row + 1) * dimension).zeros == 0
                })
        }
        if column.count == 0 || validity.map({ $0.zeros == column.count }) ?? false { return nil }
        return VectorBlock(
            firstRow: firstRow, rowCount: column.count, floats: try Self.floats(view, items.type), validity: validity)
    }

    /// Numbers of any float type as single ones: half ones are among these, of double ones the nearest is taken.
    private static func floats(_ view: ByteView, _ type: DataType) throws -> ByteView {
        let width = type.byteWidth ?? 1
        let count = view.count / width
        switch type {
        case .float32: return view.aligned(to: 4)
        case .float16:
            return try converted(view, count) { raw, index in
                HalfFloat.widen(
                    UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
            }
        case .float64:
            return try converted(view, count) { raw, index in
                let bits = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
                return Float(Double(bitPattern: bits))
            }
        default: throw Failure(.schemaMismatch, "vectors of \(type)")
        }
    }

    @inline(__always)
    private static func converted(
        _ view: ByteView, _ count: Int, _ value: (UnsafeRawBufferPointer, Int) -> Float
    ) throws -> ByteView {
        let size = try LayoutDecoder.made(count, MemoryLayout<Float>.stride)
        return Region(count: size, name: view.region.name) { target in
            view.withUnsafeBytes { raw in
                let floats = target.bindMemory(to: Float.self)
                for index in 0..<count { floats[index] = value(raw, index) }
            }
        }.view
    }
}
