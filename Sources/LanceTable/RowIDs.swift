// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import SwiftProtobuf

/// Where the rows with stable ids are: in tables whose rows keep their ids when they move, indices hold ids instead of
/// addresses (format reference: stable row ids).
///
/// Ids mostly ascend with the rows, so that a fragment is one run, or a few.
struct RowIDs: Sendable {
    private struct Run {
        var firstID: UInt64
        var count: UInt64
        var firstAddress: UInt64
    }

    private var runs: [Run] = []

    /// Why the ids of a fragment cannot be read; nil where they can.
    static func unreadableReason(_ fragment: Fragment) -> String? {
        switch fragment.proto.rowIDSequence {
        case .inlineRowIds: nil
        case .externalRowIds: "the ids of the table's rows are in files of their own"
        case nil: "the table's rows have no ids"
        }
    }

    /// The ids of the given fragments' rows, deleted ones included.
    init(_ fragments: [Fragment], path: String) throws {
        for fragment in fragments {
            guard case .inlineRowIds(let bytes) = fragment.proto.rowIDSequence else { continue }
            do {
                try append(fragment, ProtoRowIdSequence(serializedBytes: bytes))
            } catch var failure as Failure {
                failure.path = path
                throw failure
            } catch {
                throw Failure(
                    .corrupt, "the row ids of fragment \(fragment.id) are not well-formed: \(error)", path: path)
            }
        }
        runs.sort { $0.firstID < $1.firstID }
        for (before, after) in zip(runs, runs.dropFirst()) where after.firstID - before.firstID < before.count {
            throw Failure(.corrupt, "two rows have the id \(after.firstID)", path: path)
        }
    }

    /// The address of the row with an id; nil where no row has it.
    func address(of id: UInt64) -> UInt64? {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].firstID <= id { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let run = runs[low - 1]
        return id - run.firstID < run.count ? run.firstAddress + (id - run.firstID) : nil
    }

    // MARK: Reading

    private mutating func append(_ fragment: Fragment, _ sequence: ProtoRowIdSequence) throws {
        var rows: UInt64 = 0
        func corrupt(_ what: String) -> Failure {
            Failure(.corrupt, "fragment \(fragment.id) of \(fragment.physicalRows) rows has \(what)")
        }
        // A row more at a time: `rows` never exceeds a fragment's.
        func add(_ id: UInt64, _ count: UInt64) throws {
            guard count <= UInt64(fragment.physicalRows) - rows, !id.addingReportingOverflow(count).overflow else {
                throw corrupt("more row ids")
            }
            if count > 0 {
                runs.append(Run(firstID: id, count: count, firstAddress: UInt64(fragment.id) << 32 | rows))
                rows += count
            }
        }
        func size(_ start: UInt64, _ end: UInt64) throws -> UInt64 {
            guard start <= end else { throw corrupt("ids from \(start) to \(end)") }
            return end - start
        }
        for segment in sequence.segments {
            switch segment.segment {
            case .range(let range): try add(range.start, size(range.start, range.end))
            case .rangeWithHoles(let range):
                _ = try size(range.start, range.end)
                var next = range.start
                for hole in try Self.values(range.holes).sorted() {
                    guard hole >= next, hole < range.end else { throw corrupt("a hole \(hole) in its ids") }
                    try add(next, hole - next)
                    next = hole + 1
                }
                try add(next, range.end - next)
            case .rangeWithBitmap(let range):
                let ids = try size(range.start, range.end)
                guard ids <= UInt64(range.bitmap.count) * 8 else { throw corrupt("a bitmap too small for its ids") }
                let bits = [UInt8](range.bitmap)
                var index: UInt64 = 0
                while index < ids {
                    var end = index
                    while end < ids, bits[Int(end / 8)] >> UInt8(end % 8) & 1 == 1 { end += 1 }
                    try add(range.start + index, end - index)
                    index = end + 1
                }
            case .sortedArray(let array), .array(let array):
                let values = try Self.values(array)
                var index = 0
                while index < values.count {
                    var end = index + 1
                    while end < values.count, values[end] &- values[index] == UInt64(end - index) { end += 1 }
                    try add(values[index], UInt64(end - index))
                    index = end
                }
            case nil: throw corrupt("row ids of a kind that is not known")
            }
        }
        guard rows == UInt64(fragment.physicalRows) else { throw corrupt("\(rows) row ids") }
    }

    private static func values(_ array: ProtoRowIdArray) throws -> [UInt64] {
        func offsets<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
            _ offsets: ProtoRowIdArray.Offsets, _: T.Type
        ) throws -> [UInt64] {
            try ByteView(copying: offsets.offsets).array(of: T.self).map { offset in
                let (value, overflow) = offsets.base.addingReportingOverflow(UInt64(T(littleEndian: offset)))
                guard !overflow else { throw Failure(.corrupt, "row ids beyond \(offsets.base)") }
                return value
            }
        }
        switch array.array {
        case .u16Array(let array): return try offsets(array, UInt16.self)
        case .u32Array(let array): return try offsets(array, UInt32.self)
        case .u64Array(let array):
            return ByteView(copying: array.values).array(of: UInt64.self).map { UInt64(littleEndian: $0) }
        case nil: return []
        }
    }
}
