// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
import LanceFile
package import ObjectStorage
import Synchronization

/// An open BTREE index segment: values in order, and for each the row that has it (format reference: BTREE).
///
/// ```
/// page_lookup.lance  a row a page: min T | max T | null_count u32 | page_idx u32       metadata batch_size
/// page_data.lance    a row a value: values T | ids u64; page p is rows p * batch_size ..< (p + 1) * batch_size
/// ```
/// Nulls come first, so a page that begins with one has min null, and one of nothing else has max null as well. A value
/// may fill several pages. The lookup file is small and is kept; a page is looked into where it lies in the mapped file,
/// or is decoded and kept for a while where its encoding asks for that.
package final class BTreeIndex: Sendable {
    static let lookupFile = "page_lookup.lance"
    static let dataFile = "page_data.lance"
    /// What files say that were written before the number was.
    private static let defaultBatchSize = 4096
    /// A page is decoded whole, so a file must not make it the whole table.
    private static let largestBatch = 1 << 20
    /// Lookup rows that a byte of the lookup file may stand for: page numbers do not compress much.
    private static let mostPagesPerByte = 16
    /// Decoded pages that are kept.
    private static let cacheBytes = 16 << 20

    package let type: DataType
    package let rowCount: Int
    package let pageCount: Int
    package let batchSize: Int
    private let mins: SortedKeys
    private let maxes: SortedKeys
    private let values: ColumnReader
    private let rowIDs: ColumnReader
    private let path: String
    private let cache = Mutex(BTreePageCache(limit: cacheBytes))

    /// Opens the two files of a segment.
    ///
    /// Throws `corrupt` where they do not fit together, `unsupported` for types and layouts that are not read, and
    /// `not_found` where a file is missing.
    package static func open(_ directory: IndexDirectory, in storage: any ObjectStorage) async throws -> BTreeIndex {
        async let data = IndexFile.open(dataFile, of: directory, in: storage)
        let lookup = try await IndexFile.open(lookupFile, of: directory, in: storage)
        return try await BTreeIndex(lookup, data)
    }

    private init(_ lookup: IndexFile, _ data: IndexFile) async throws {
        path = lookup.path
        (values, rowIDs) = try await fetching { (try data.column("values"), try data.column("ids")) }
        type = values.field.type
        guard type.isBTreeKey else {
            throw Failure(
                .unsupported, "a BTREE index over \(type) values; supported are \(DataType.btreeKeys)", path: data.path)
        }
        guard rowIDs.field.type == .uint64 else {
            throw Failure(.corrupt, "a BTREE index whose row ids are \(rowIDs.field.type)", path: data.path)
        }
        rowCount = data.reader.rowCount
        guard try lookup.metadata("range_partitioned").map({ $0 == "false" }) ?? true else {
            throw Failure(.unsupported, "a BTREE index in several ranges", path: path)
        }
        let batchSizeText = try lookup.metadata("batch_size") ?? "\(Self.defaultBatchSize)"
        guard let batchSize = Int(batchSizeText), batchSize > 0 else {
            throw Failure(.corrupt, "a BTREE index with pages of '\(batchSizeText)' rows", path: path)
        }
        guard batchSize <= Self.largestBatch else {
            throw Failure(.unsupported, "a BTREE index with pages of \(batchSize) rows", path: path)
        }
        self.batchSize = batchSize
        pageCount = lookup.reader.rowCount
        guard pageCount == (rowCount + batchSize - 1) / batchSize else {
            throw Failure(
                .corrupt, "\(pageCount) pages of \(batchSize) rows for \(rowCount) rows; build the index again",
                path: path)
        }
        // The file's own number must not be enough to fill the memory.
        guard pageCount / Self.mostPagesPerByte <= lookup.reader.byteCount else {
            throw Failure(.corrupt, "\(pageCount) pages in a file of \(lookup.reader.byteCount) bytes", path: path)
        }
        for name in ["min", "max"] {
            guard lookup.type(of: name) == type else {
                throw Failure(
                    .corrupt, "the column '\(name)' is not of the values' type \(type)", path: path)
            }
        }
        let pages = pageCount
        let columns = try await fetching {
            try ["min", "max", "page_idx"].mapFetching { try lookup.column($0).readInPlace(0..<pages) }
        }
        (mins, maxes) = (try SortedKeys(columns[0]), try SortedKeys(columns[1]))
        try Self.checkNumbers(columns[2], path)
        try checkOrder()
    }

    /// Page numbers count from 0: the official writers number pages as they write them.
    private static func checkNumbers(_ numbers: Column, _ path: String) throws {
        guard numbers.type == .uint32, numbers.validity == nil, case .fixed(let view) = numbers.storage else {
            throw Failure(.corrupt, "page numbers that are \(numbers.type), or null", path: path)
        }
        for page in 0..<numbers.count where try view.load(UInt32.self, at: page * 4) != page {
            throw Failure(.unsupported, "a BTREE index whose pages are not in order", path: path)
        }
    }

    /// Searching by halves finds only what is in order.
    private func checkOrder() throws {
        try named {
            for page in 0..<pageCount {
                guard try mins.order(page, maxes, page) <= 0, try page == 0 || maxes.order(page - 1, mins, page) <= 0
                else { throw Failure(.corrupt, "page \(page) of the BTREE index is out of order") }
            }
        }
    }

    /// Runs `body`; a failure that does not know its file gets the index's.
    private func named<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let failure as Failure {
            throw failure.at(path: path)
        }
    }

    // MARK: Pages

    private func page(_ number: Int) async throws -> BTreePage {
        if let known = cache.withLock({ $0[number] }) { return known }
        let first = number * batchSize
        let rows = first..<min(first + batchSize, rowCount)
        let ids = try await rowIDs.read(rows)
        guard ids.validity == nil, case .fixed(let view) = ids.storage else {
            throw Failure(.corrupt, "page \(number) of the BTREE index has rows without an id", path: path)
        }
        let page = BTreePage(keys: try await keys(rows), rowIDs: view)
        try check(page, number)
        cache.withLock { $0.insert(page, number) }
        return page
    }

    /// The values of `rows`: where they lie, where they can be used so.
    private func keys(_ rows: Range<Int>) async throws -> SortedKeys {
        if type.isText {
            let index = values.pageIndex(of: rows.lowerBound)
            if index < values.pages.count {
                let page = values.pages[index]
                let inside = rows.lowerBound - page.firstRow..<rows.upperBound - page.firstRow
                if inside.upperBound <= page.rowCount, let text = try named({ try SortedText(page, rows: inside) }) {
                    return .text(text)
                }
            }
        }
        return try SortedKeys(await values.read(rows))
    }

    /// What the lookup file says of a page must be so: otherwise values would be looked for on the wrong page.
    private func check(_ page: BTreePage, _ number: Int) throws {
        try named {
            guard page.keys.count > 0, try page.keys.order(0, mins, number) == 0,
                try page.keys.order(page.keys.count - 1, maxes, number) == 0
            else {
                throw Failure(
                    .corrupt,
                    "page \(number) of the BTREE index begins or ends with other values than its lookup file says; "
                        + "build the index again")
            }
        }
    }

    // MARK: Looking

    /// Calls `body` with the id of every row whose value is `key`, in the index's order.
    package func forEachRow(of key: BTreeKey, _ body: (UInt64) throws -> Void) async throws {
        // Pages whose last value comes before the key, and those of nulls alone, cannot hold it.
        var number = try named { try maxes.countBefore(key) }
        // Those that begin with it, and the one before.
        while number < pageCount {
            guard try named({ try mins.isNotAfter(key, number) }) else { return }
            let page = try await page(number)
            try named {
                let first = try page.keys.countBefore(key)
                for row in first..<first + (try page.keys.run(of: key, from: first)) { try body(try page.rowID(row)) }
            }
            number += 1
        }
    }

    /// The ids of the rows whose value is `key`, in the index's order.
    package func rows(of key: BTreeKey) async throws -> [UInt64] {
        var found: [UInt64] = []
        try await forEachRow(of: key) { found.append($0) }
        return found
    }

    /// The ids of the rows whose value is null.
    package func nullRows() async throws -> [UInt64] {
        var found: [UInt64] = []
        var number = 0
        while number < pageCount, try named({ try mins.isNull(number) }) {
            let page = try await page(number)
            try named {
                var row = 0
                while row < page.keys.count, try page.keys.isNull(row) {
                    found.append(try page.rowID(row))
                    row += 1
                }
            }
            number += 1
        }
        return found
    }
}
