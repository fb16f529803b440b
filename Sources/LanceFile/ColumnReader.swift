// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar

/// The values of one column of one file, by row number in the file.
///
/// Reading a range of rows touches the bytes of these rows only, as far as the page's encoding allows it.
package struct ColumnReader: Sendable {
    package let field: TableField
    /// Of a nested column, those of its first leaf.
    package let pages: [Page]
    private let source: any RowSource
    private let first: LeafPages
    private let path: String

    /// - Parameter numbers: which column of the file has the values of a field, by its id.
    init(file: DataFileReader, field: TableField, numbers: [Int32: Int]) throws {
        self.field = field
        path = file.file.name
        let tree = ColumnTree(file: file, numbers: numbers)
        do {
            (source, first) = try tree.source(field)
        } catch let failure as Failure {
            throw failure.at(path: path)
        }
        pages = first.pages
        guard source.rowCount == file.rowCount else {
            throw file.file.corrupt("column '\(field.name)' has \(source.rowCount) rows, the file \(file.rowCount)")
        }
    }

    /// Its file is in memory or mapped: nothing throws `MissingBytes`.
    package var isInMemory: Bool { pages.first?.isInMemory ?? true }

    /// The page that holds `row`, by binary search.
    package func pageIndex(of row: Int) -> Int { first.pageIndex(of: row) }

    /// Rows `range`. Large ranges are the caller's to cut: the result is in memory whole.
    package func read(_ range: Range<Int>) async throws -> Column { try await fetching { try readInPlace(range) } }

    /// The same without waiting: throws `MissingBytes` where the file is elsewhere.
    package func readInPlace(_ range: Range<Int>) throws -> Column {
        guard range.lowerBound >= 0, range.upperBound <= source.rowCount else {
            throw Failure(.corrupt, "rows \(range) of column '\(field.name)', which has \(source.rowCount)", path: path)
        }
        return try locating {
            guard !range.isEmpty else { return try Column.nulls(field.type, count: 0) }
            return try source.read(range)
        }
    }

    /// The given rows, in that order.
    package func take(_ rows: [Int]) async throws -> Column { try await fetching { try takeInPlace(rows) } }

    /// The same without waiting: throws `MissingBytes` where the file is elsewhere.
    package func takeInPlace(_ rows: [Int]) throws -> Column {
        for row in rows where row < 0 || row >= source.rowCount {
            throw Failure(.corrupt, "row \(row) of column '\(field.name)', which has \(source.rowCount)", path: path)
        }
        return try locating {
            guard !rows.isEmpty else { return try Column.nulls(field.type, count: 0) }
            // Neighbours share pages and chunks: each is read once.
            let isAscending = zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 }
            if isAscending { return try source.take(rows) }
            var distinct: [Int] = []
            distinct.reserveCapacity(rows.count)
            var places = [Int](repeating: 0, count: rows.count)
            // Row and place in one number: sorting these is several times faster than sorting places by their rows.
            for key in rows.indices.map({ UInt64(rows[$0]) << 32 | UInt64($0) }).sorted() {
                let row = Int(key >> 32)
                if row != distinct.last { distinct.append(row) }
                places[Int(key & 0xffff_ffff)] = distinct.count - 1
            }
            return try source.take(distinct).gather(places)
        }
    }

    /// Says in errors which column and file it is.
    private func locating(_ body: () throws -> Column) throws -> Column {
        do {
            if case .other(let name) = field.type {
                throw Failure(.unsupported, "the type '\(name)' is not supported; read the other columns")
            }
            return try body()
        } catch let failure as Failure {
            var failure = failure.at(path: path)
            failure.message = "column '\(field.name)', \(failure.message)"
            throw failure
        }
    }
}
