// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile

/// The bytes of a column of fixed width, row by row, where its pages have them.
struct IVFPQRows: Sendable {
    /// Bytes a row.
    let width: Int
    /// Row number of each page's first row, and its bytes; no page is empty.
    private let starts: [Int]
    private let pages: [ByteView]

    /// Pages of file version 2.0 stay where they are; others are decoded, once. Throws `MissingBytes` where the file is
    /// elsewhere.
    ///
    /// - Parameter alignment: of every row's address, where `width` is a multiple of it.
    init(_ name: String, of file: IndexFile, width: Int, alignment: Int) throws {
        self.width = width
        let column = try file.column(name)
        let pages = column.pages.filter { $0.rowCount > 0 }
        starts = pages.map(\.firstRow)
        self.pages = try pages.mapFetching { page in
            let values = try column.readInPlace(page.rows)
            guard let bytes = Self.bytes(values) else { throw file.corrupt("the column '\(name)' has nulls") }
            return bytes.aligned(to: alignment)
        }
    }

    private static func bytes(_ column: Column) -> ByteView? {
        if column.validity == nil {
            if case .fixed(let view) = column.storage { return view }
            if case .fixedSizeList(let items, _) = column.storage, items.validity == nil,
                case .fixed(let view) = items.storage
            {
                return view
            }
        }
        return nil
    }

    /// Rows `range` in place; nil where they are not all in one page.
    func inPlace(_ range: Range<Int>) throws -> ByteView? {
        guard !range.isEmpty else { return .empty }
        let page = page(of: range.lowerBound)
        let offset = (range.lowerBound - starts[page]) * width
        let length = range.count * width
        guard offset + length <= pages[page].count else { return nil }
        return try pages[page].slice(offset, length)
    }

    /// A copy of rows `range`, from as many pages as they are in.
    func gathered(_ range: Range<Int>) throws -> ByteView {
        var page = page(of: range.lowerBound)
        return try Region(count: range.count * width, name: "rows of an index") { target in
            var row = range.lowerBound
            while row < range.upperBound {
                let offset = (row - starts[page]) * width
                let length = min(pages[page].count - offset, (range.upperBound - row) * width)
                let part = try pages[page].slice(offset, length)
                part.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: target[((row - range.lowerBound) * width)...])
                        .copyMemory(from: $0)
                }
                row += length / width
                page += 1
            }
        }.view
    }

    /// The page that holds `row`, by binary search.
    private func page(of row: Int) -> Int {
        var low = 0
        var high = starts.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if starts[middle] <= row { low = middle } else { high = middle }
        }
        return low
    }
}
