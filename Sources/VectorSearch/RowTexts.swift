// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import LanceFile
package import LanceTable
package import VectorMath

/// Text columns of a snapshot by row address: for the rows of a result.
package final class RowTexts: Sendable {
    private let fields: [TableField]
    private let fragments: [Fragment]

    private struct Fragment: Sendable {
        var id: UInt32
        /// One a field; nil where the fragment has no such column, which then reads as null.
        var cells: [TextCells?]
    }

    package init(_ snapshot: Snapshot, _ fields: [TableField]) async throws {
        self.fields = fields
        var fragments: [Fragment] = []
        for reader in snapshot.fragmentReaders {
            var cells: [TextCells?] = []
            for field in fields { cells.append(try await reader.column(field).map { TextCells($0) }) }
            fragments.append(Fragment(id: reader.id, cells: cells))
        }
        self.fragments = fragments
    }

    /// Asks for the texts of some rows: they lie far apart, and reading one after the other would wait for memory each
    /// time.
    package func prefetch(_ rows: [Neighbor]) {
        for isText in [false, true] {
            for row in rows {
                guard let fragment = fragment(RowAddress(rawValue: row.address).fragment) else { continue }
                for cells in fragments[fragment].cells {
                    guard let memory = cells?.memory(of: Int(row.address & 0xffff_ffff), isText: isText) else {
                        continue
                    }
                    VectorKernels.prefetch(memory)
                }
            }
        }
    }

    private func fragment(_ id: UInt32) -> Int? {
        var low = 0
        var high = fragments.count
        while low < high {
            let middle = (low + high) / 2
            if fragments[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < fragments.count && fragments[low].id == id ? low : nil
    }

    /// The value of field number `field` in the row at `address`, nil where it is null; a nil result where it has to be
    /// decoded first. For loops that should not pay for `async`.
    package func textInPlace(_ field: Int, at address: RowAddress) throws -> String?? {
        guard let cells = try cells(field, address) else { return .some(nil) }
        return try cells.textInPlace(at: Int(address.offset))
    }

    /// The values of all fields in some rows, which may have to be decoded or fetched first, all at once.
    package func texts(at addresses: [RowAddress]) async throws -> [[String?]] {
        try await fetching { try textsHere(at: addresses) }
    }

    /// The same of what is in memory; throws `MissingBytes` otherwise.
    func textsHere(at addresses: [RowAddress]) throws -> [[String?]] {
        try addresses.mapFetching { address in
            try fields.indices.mapFetching { try cells($0, address)?.textHere(at: Int(address.offset)) }
        }
    }

    private func cells(_ field: Int, _ address: RowAddress) throws -> TextCells? {
        guard let fragment = fragment(address.fragment) else {
            throw Failure(.corrupt, "there is no fragment \(address.fragment)")
        }
        return fragments[fragment].cells[field]
    }
}
