// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceIndex
package import LanceFile
package import LanceTable

extension KeyLookup {
    /// A live row, and the number of the key that it has.
    package struct Found: Sendable {
        package var address: RowAddress
        package var number: Int
    }

    /// All live rows that have one of the keys: through the index of `field` where there is one, and by looking through
    /// the rows that it does not cover.
    ///
    /// What an index gives is compared with the column: rows are not to be deleted on the word of a file. Throws `corrupt`
    /// where it is wrong.
    package func rows(of keys: KeySet, in snapshot: Snapshot, _ field: TableField) async throws -> [Found] {
        guard keys.count > 0 else { return [] }
        let plan = try await plan(snapshot, field)
        var found: [Found] = []
        for segment in plan.segments {
            for (number, key) in keys.keys.enumerated() {
                if number % 256 == 0 { try Task.checkCancellation() }
                try await segment.index.forEachRow(of: .text(key)) { id in
                    if let address = segment.liveness.address(ofRowID: id) {
                        found.append(Found(address: address, number: number))
                    }
                }
            }
        }
        try await check(found, keys, snapshot, field)
        return found + (try await Self.rows(of: keys, among: plan.tail, field))
    }

    private func check(_ found: [Found], _ keys: KeySet, _ snapshot: Snapshot, _ field: TableField) async throws {
        for first in stride(from: 0, to: found.count, by: 4096) {
            let part = found[first..<min(first + 4096, found.count)]
            let column = try await snapshot.take(part.map(\.address), [field]).columns[0]
            var right = 0
            KeySet.forEachText(in: column) { row, text in
                if keys.number(of: text) == part[part.startIndex + row].number { right += 1 }
            }
            guard right == part.count else {
                throw Failure(
                    .corrupt,
                    "the index of column '\(field.name)' gives rows that have another value; build the index again",
                    path: snapshot.location)
            }
        }
    }

    /// The live rows of `fragments` that have one of the keys. Reads the column.
    package static func rows(of keys: KeySet, among fragments: [FragmentReader], _ field: TableField) async throws
        -> [Found]
    {
        var found: [Found] = []
        for reader in fragments {
            guard let column = try await reader.column(field) else { continue }
            let deletions = try await reader.deletions()
            var batches = ColumnBatches(column, rows: try await reader.physicalRows())
            while let (range, values) = try await batches.next() {
                keys.forEachMatch(in: values) { row, number in
                    let offset = UInt32(range.lowerBound + row)
                    guard deletions?.contains(offset) != true else { return }
                    found.append(Found(address: RowAddress(fragment: reader.id, offset: offset), number: number))
                }
            }
        }
        return found
    }
}
