// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import ObjectStorage

/// Reads one column of one row group from front to back, as many rows at a time as are asked for.
///
/// The work is by pages and blocks; this file turns pages, `+Flat` and `+Lists` make columns.
struct ColumnReader {
    let column: LeafColumn
    /// Rows of the row group.
    let rowCount: Int
    /// The row of the file that the row group begins with, for messages.
    let firstRow: Int
    private let path: String
    private var cursor: PageCursor
    private var dictionary: ValueDictionary?
    /// What a value takes on average, by the file's own account.
    private let meanBytes: Int
    /// Values of the chunk in pages that were not read yet.
    private var unread: Int
    private(set) var rowsRead = 0

    // The current page. `left` of its values, nulls among them, were not returned yet.
    private(set) var left = 0
    var definition = LevelDecoder()
    var repetition = LevelDecoder()
    private var values: (any ValueDecoder)?

    var levels = [UInt8](repeating: 0, count: blockSize)
    var repetitions = [UInt8](repeating: 0, count: blockSize)

    /// Levels that are decoded together.
    static let blockSize = 1024

    init(
        _ source: any ByteSource, _ chunk: ColumnChunk, dataEnd: Int, column: LeafColumn, rowCount: Int, firstRow: Int
    ) throws {
        self.column = column
        self.rowCount = rowCount
        self.firstRow = firstRow
        path = source.name
        unread = chunk.valueCount
        meanBytes = chunk.uncompressedSize / max(chunk.valueCount, 1) + 1
        do {
            cursor = try PageCursor(source, chunk, dataEnd: dataEnd, column: column)
            guard column.isList ? chunk.valueCount >= rowCount : chunk.valueCount == rowCount else {
                throw Failure(.corrupt, "its chunk has \(chunk.valueCount) values for the row group's \(rowCount) rows")
            }
        } catch let failure as Failure {
            throw Self.named(failure, column, path, at: nil)
        }
    }

    /// At least one and at most `rows` rows; fewer where their values reach `limit` bytes.
    ///
    /// There must be so many rows left.
    mutating func read(_ rows: Int, limit: Int) throws -> Column {
        do {
            let result = try column.isList ? readLists(rows, limit: limit) : readFlat(rows, limit: limit)
            rowsRead += result.count
            if rowsRead == rowCount { try finish() }
            return result
        } catch let failure as Failure {
            throw Self.named(failure, column, path, at: cursor.pageOffset)
        } catch let invalid as InvalidValue {
            throw Failure(
                invalid.code, "column '\(column.name)', row \(firstRow + rowsRead + invalid.index): \(invalid.message)",
                path: path, offset: UInt64(cursor.pageOffset))
        }
    }

    private static func named(_ failure: Failure, _ column: LeafColumn, _ path: String, at page: Int?) -> Failure {
        var copy = failure
        copy.path = path
        // Decompressed bytes have no place in the file, so errors name the page.
        if let page { copy.offset = UInt64(page) }
        copy.message = "column '\(column.name)'\(page == nil ? "" : ", in the page here"): \(failure.message)"
        return copy
    }

    /// After the last row nothing may be left.
    private mutating func finish() throws {
        guard left == 0, unread == 0 else {
            throw Failure(.corrupt, "\(left + unread) values are left after the row group's \(rowCount) rows")
        }
        (values, definition, repetition, dictionary) = (nil, LevelDecoder(), LevelDecoder(), nil)
    }

    /// An empty buffer with about the room that `count` values need; only a start, as the file may tell anything.
    func makeBuffer(_ count: Int, limit: Int) -> ValueBuffer {
        let (bytes, overflow) = (column.width ?? meanBytes).multipliedReportingOverflow(by: count)
        // The last value may pass the limit.
        let last = min(meanBytes, 1 << 20)
        return ValueBuffer(width: column.width, expecting: overflow ? 0 : min(bytes, limit, 64 << 20) + last)
    }

    // MARK: Pages

    /// Whether all values of the chunk were returned.
    var isAtEnd: Bool { left == 0 && unread == 0 }

    /// Makes sure that the current page has a value left; false at the chunk's end.
    mutating func fill() throws -> Bool {
        while left == 0 {
            if unread == 0 { return false }
            // Lets go of the last page's bytes before the next one's are read.
            (values, definition, repetition) = (nil, LevelDecoder(), LevelDecoder())
            guard let page = try cursor.next() else {
                throw Failure(.corrupt, "the pages end \(unread) values before the chunk does")
            }
            switch page {
            case .dictionary(let view, let count):
                guard dictionary == nil else { throw Failure(.corrupt, "a second dictionary page in a column chunk") }
                dictionary = try ValueDictionary(view, count: count, physical: column.physical, width: column.width)
            case .data(let page):
                guard page.valueCount <= unread else {
                    throw Failure(
                        .corrupt, "a page of \(page.valueCount) values, but the chunk has only \(unread) left")
                }
                let context = DecoderContext(physical: column.physical, width: column.width, dictionary: dictionary)
                values = try ValueDecoders.make(page.encoding, page.values, context)
                definition = page.definition
                repetition = page.repetition
                unread -= page.valueCount
                left = page.valueCount
            }
        }
        return true
    }

    /// Counts `count` values of the page, nulls among them, as returned.
    mutating func take(_ count: Int) { left -= count }

    /// Decodes up to `count` values that are there; see `ValueDecoder`.
    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        if count == 0 { return 0 }
        guard let decoded = try values?.decode(count, into: output, limit: limit) else { return 0 }
        return decoded
    }
}
