// SPDX-License-Identifier: Apache-2.0
import ByteCoding
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
    package func rows(of keys: KeySet, in snapshot: Snapshot, _ field: TableField) async throws -> [Found] {
        guard keys.count > 0 else { return [] }
        let plan = try await plan(snapshot, field)
        var found: [Found] = []
        for segment in plan.segments {
            for (number, key) in keys.keys.enumerated() {
                try await segment.index.forEachRow(of: .text(key)) { id in
                    if let address = segment.liveness.address(ofRowID: id) {
                        found.append(Found(address: address, number: number))
                    }
                }
            }
        }
        return found + (try await Self.rows(of: keys, among: plan.tail, field))
    }

    /// The live rows of `fragments` that have one of the keys. Reads the column.
    package static func rows(of keys: KeySet, among fragments: [FragmentReader], _ field: TableField) async throws
        -> [Found]
    {
        var found: [Found] = []
        for reader in fragments {
            guard let column = try await reader.column(field) else { continue }
            let rows = try await reader.physicalRows()
            let deletions = try await reader.deletions()
            var start = 0
            while start < rows {
                try Task.checkCancellation()
                let range = start..<min(start + batchRows, rows)
                keys.forEachMatch(in: try await column.read(range)) { row, number in
                    let offset = UInt32(start + row)
                    guard deletions?.contains(offset) != true else { return }
                    found.append(Found(address: RowAddress(fragment: reader.id, offset: offset), number: number))
                }
                start = range.upperBound
            }
        }
        return found
    }
}
