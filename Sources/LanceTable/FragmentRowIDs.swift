// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import SwiftProtobuf

/// What indices call the rows of one fragment: their addresses, or the ids that the rows keep when they move (format
/// reference: stable row ids).
///
/// Ids mostly ascend with the rows, so that a fragment is one run, or a few.
package struct FragmentRowIDs: Sendable, Equatable {
    /// Rows one after another whose ids are one after another, deleted rows included.
    package struct Run: Sendable, Equatable {
        /// Offset of the first row in the fragment.
        package var offset: Int
        package var count: Int
        package var firstID: UInt64
    }

    /// In the order of the rows; none is empty.
    package private(set) var runs: [Run]

    /// Rows without ids of their own are called by their addresses.
    package init(addressesOf fragment: UInt32, rows: Int) {
        let first = RowAddress(fragment: fragment, offset: 0).rawValue
        runs = rows > 0 ? [Run(offset: 0, count: rows, firstID: first)] : []
    }

    /// The ids that a fragment of `rows` rows carries in the manifest.
    init(_ fragment: Fragment, rows: Int, path: String) throws {
        runs = []
        if let reason = Self.unreadableReason(fragment) { throw Failure(.unsupported, reason, path: path) }
        guard case .inlineRowIds(let bytes) = fragment.proto.rowIDSequence else { return }
        do {
            var reader = RowIDSequenceReader(fragment: fragment.id, rows: rows)
            runs = try reader.read(ProtoRowIdSequence(serializedBytes: bytes))
        } catch let failure as Failure {
            throw failure.at(path: path)
        } catch {
            throw Failure(.corrupt, "the row ids of fragment \(fragment.id) are not well-formed: \(error)", path: path)
        }
    }

    /// Why the ids of a fragment cannot be read; nil where they can.
    static func unreadableReason(_ fragment: Fragment) -> String? {
        switch fragment.proto.rowIDSequence {
        case .inlineRowIds: nil
        case .externalRowIds: "the ids of the table's rows are in files of their own"
        case nil: "the table's rows have no ids"
        }
    }

    /// The id of the row at `offset`, which must be one of the fragment's.
    package func id(at offset: Int) -> UInt64 {
        let run = runs[index(of: offset)]
        return run.firstID &+ UInt64(offset - run.offset)
    }

    /// The same; nil where a damaged table says that there is no such row.
    package func id(ifAt offset: Int) -> UInt64? {
        guard let last = runs.last, offset >= 0, offset < last.offset + last.count else { return nil }
        return id(at: offset)
    }

    /// The runs of the rows `range`, cut to it.
    package func runs(in range: Range<Int>) -> [Run] {
        var found: [Run] = []
        guard !runs.isEmpty else { return found }
        for run in runs[index(of: range.lowerBound)...] {
            if run.offset >= range.upperBound { break }
            let rows = range.clamped(to: run.offset..<run.offset + run.count)
            guard !rows.isEmpty else { continue }
            found.append(
                Run(
                    offset: rows.lowerBound, count: rows.count,
                    firstID: run.firstID + UInt64(rows.lowerBound - run.offset)))
        }
        return found
    }

    /// The last run that begins at a row or before it.
    private func index(of offset: Int) -> Int {
        var low = 0
        var high = runs.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if runs[middle].offset <= offset { low = middle } else { high = middle }
        }
        return low
    }
}
