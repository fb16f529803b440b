// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
package import LanceFile
package import LanceTable

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension KeyLookup {
    /// The smallest address of a live row of `fragments` whose `field` equals `key`, byte for byte; nil where there is
    /// none. Reads the column.
    ///
    /// - Parameter fragments: in the table's order.
    package static func scan(_ fragments: [FragmentReader], for key: String, _ field: TableField) async throws
        -> RowAddress?
    {
        let key = Array(key.utf8)
        for reader in fragments {
            guard let column = try await reader.column(field) else { continue }
            let deletions = try await reader.deletions()
            var batches = ColumnBatches(column, rows: try await reader.physicalRows())
            while let (range, values) = try await batches.next() {
                for row in matches(key, in: values) {
                    let offset = UInt32(range.lowerBound + row)
                    if deletions?.contains(offset) != true { return RowAddress(fragment: reader.id, offset: offset) }
                }
            }
        }
        return nil
    }

    /// The rows of a text column that equal `key`. There are few, so an array will do.
    private static func matches(_ key: [UInt8], in column: Column) -> [Int] {
        guard case .variable(let offsets, let data) = column.storage else { return [] }
        var found: [Int] = []
        data.withUnsafeBytes { bytes in
            key.withUnsafeBytes { key in
                for row in 0..<column.count {
                    let length = offsets[row + 1] - offsets[row]
                    guard length == key.count else { continue }
                    if length > 0, let a = bytes.baseAddress, let b = key.baseAddress,
                        memcmp(a + offsets[row], b, length) != 0
                    {
                        continue
                    }
                    if !column.isNull(row) { found.append(row) }
                }
            }
        }
        return found
    }
}
