// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import Columnar
package import LanceFile
import ObjectStorage

/// Goes through the live rows of a snapshot in address order, a batch at a time.
package struct TableScan {
    /// What a batch holds besides its columns.
    package struct Rows: Sendable {
        package let batch: Batch
        package let addresses: [RowAddress]
    }

    private let fields: [TableField]
    private let batchRows: Int
    private var fragments: ArraySlice<FragmentReader>
    private var current: (reader: FragmentReader, rows: Int, deletions: DeletionVector?)?
    private var nextOffset = 0
    /// Rows of a batch, where the usual number is too many.
    private var fewer: Int?
    /// Rows still to give.
    private var left: Int

    /// - Parameter limit: at most so many rows; nil gives all.
    package init(_ snapshot: Snapshot, fields: [TableField], limit: Int? = nil) {
        self.init(snapshot.fragmentReaders, fields: fields, limit: limit)
    }

    /// The same for some of a snapshot's fragments.
    package init(_ fragments: [FragmentReader], fields: [TableField], limit: Int? = nil) {
        self.fields = fields
        self.fragments = fragments[...]
        left = limit ?? Int.max
        // Batches of about 8 MiB: wide rows come in smaller ones.
        let width = fields.reduce(0) { min($0 + $1.type.rowBytes, 8 << 20) }
        batchRows = max(1, min(8192, (8 << 20) / max(width, 1)))
    }

    /// The next rows; nil at the end.
    package mutating func next() async throws -> Rows? {
        while left > 0 {
            try Task.checkCancellation()
            if current == nil {
                guard let reader = fragments.popFirst() else { return nil }
                current = (reader, try await reader.physicalRows(), try await reader.deletions())
                nextOffset = 0
            }
            guard let (reader, rows, deletions) = current else { return nil }
            guard nextOffset < rows else {
                current = nil
                continue
            }
            let range = nextOffset..<min(nextOffset + (fewer ?? batchRows), rows)
            nextOffset = range.upperBound
            var live = Array(range)
            if let deleted = deletions?.slice(range), !deleted.isEmpty {
                let gone = Set(deleted.map(Int.init))
                live.removeAll { gone.contains($0) }
            }
            if live.count > left { live.removeLast(live.count - left) }
            guard !live.isEmpty else { continue }
            do {
                let rows = try await read(reader, range, live)
                left -= live.count
                let bytes = rows.batch.columns.reduce(0) { $0 + $1.byteCount }
                if bytes > ColumnBatches.manyBytes {
                    fewer = max(1, range.count / 2)
                } else if bytes <= ColumnBatches.manyBytes / 2 {
                    // What was too large stands mostly alone.
                    fewer = fewer.flatMap { $0 * 2 < batchRows ? $0 * 2 : nil }
                }
                return rows
            } catch let failure as Failure where failure.isTooMuch && range.count > 1 {
                // Long texts: the width of a row was a guess.
                fewer = range.count / 2
                nextOffset = range.lowerBound
            }
        }
        return nil
    }

    private func read(_ reader: FragmentReader, _ range: Range<Int>, _ live: [Int]) async throws -> Rows {
        let columns = try await reader.read(fields, range).map { column in
            live.count == range.count ? column : try column.gather(live.map { $0 - range.lowerBound })
        }
        let batch = try Batch(Schema(fields.map(\.field)), columns, count: live.count)
        return Rows(batch: batch, addresses: live.map { RowAddress(fragment: reader.id, offset: UInt32($0)) })
    }
}

extension Snapshot {
    /// Opens every file that reading `fields` needs: whoever removes them afterwards does not disturb the reader.
    package func open(_ fields: [TableField]) async throws {
        guard storage.isDistant else {
            for reader in fragmentReaders { try await reader.open(fields) }
            return
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, reader) in fragmentReaders.enumerated() {
                if number >= Self.filesAtOnce { try await group.next() }
                group.addTask { try await reader.open(fields) }
            }
            try await group.waitForAll()
        }
    }

    private static let filesAtOnce = 64

    /// The rows at `addresses`, in that order: one column a field. Reads what these rows need and no more.
    package func take(_ addresses: [RowAddress], _ fields: [TableField]) async throws -> Batch {
        // A fragment at a time, wherever its rows stand in the result.
        var rows: [(id: UInt32, offsets: [Int])] = []
        var known: [UInt32: Int] = [:]
        for address in addresses {
            if let number = known[address.fragment] {
                rows[number].offsets.append(Int(address.offset))
            } else {
                known[address.fragment] = rows.count
                rows.append((address.fragment, [Int(address.offset)]))
            }
        }
        var next = [0]
        for (_, offsets) in rows { next.append((next.last ?? 0) + offsets.count) }
        let places = addresses.compactMap { address -> Int? in
            guard let number = known[address.fragment] else { return nil }
            defer { next[number] += 1 }
            return next[number]
        }
        var readers: [(columns: [ColumnReader?], offsets: [Int])] = []
        for (id, offsets) in rows {
            guard let reader = fragment(id) else {
                throw Failure(.corrupt, "there is no fragment \(id)", path: location)
            }
            readers.append((try await reader.columns(fields), offsets))
        }
        let opened = readers
        let parts = try await fetching {
            try opened.mapFetching { columns, offsets in
                try zip(fields, columns).mapFetching { field, column in
                    try column?.takeInPlace(offsets) ?? Column.nulls(field.type, count: offsets.count)
                }
            }
        }
        let columns = try fields.enumerated().map { index, field in
            let column = try Column.concatenate(parts.map { $0[index] }, type: field.type)
            return rows.count > 1 ? try column.gather(places) : column
        }
        return try Batch(Schema(fields.map(\.field)), columns, count: addresses.count)
    }
}
