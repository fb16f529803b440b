// SPDX-License-Identifier: Apache-2.0
import ByteCoding
package import LanceFile
package import LanceTable

/// Text columns of a snapshot by row address: for the rows of a result.
package struct RowTexts: Sendable {
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

    /// The value of field number `field` in the row at `address`; nil where it is null.
    package func text(_ field: Int, at address: RowAddress) async throws -> String? {
        var low = 0
        var high = fragments.count
        while low < high {
            let middle = (low + high) / 2
            if fragments[middle].id < address.fragment { low = middle + 1 } else { high = middle }
        }
        guard low < fragments.count, fragments[low].id == address.fragment else {
            throw Failure(.corrupt, "there is no fragment \(address.fragment)")
        }
        return try await fragments[low].cells[field]?.text(at: Int(address.offset))
    }
}
