// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto

/// Takes apart the ids of a fragment's rows as the manifest has them (format reference: stable row ids).
struct RowIDSequenceReader {
    private let fragment: UInt32
    private let rows: Int
    private var runs: [FragmentRowIDs.Run] = []
    /// Rows whose ids are known; never more than the fragment has.
    private var known = 0

    init(fragment: UInt32, rows: Int) {
        self.fragment = fragment
        self.rows = rows
    }

    mutating func read(_ sequence: ProtoRowIdSequence) throws -> [FragmentRowIDs.Run] {
        for segment in sequence.segments {
            switch segment.segment {
            case .range(let range): try add(range.start, size(range.start, range.end))
            case .rangeWithHoles(let range): try add(range)
            case .rangeWithBitmap(let range): try add(range)
            case .sortedArray(let array), .array(let array): try add(Self.values(array))
            case nil: throw corrupt("row ids of a kind that is not known")
            }
        }
        guard known == rows else { throw corrupt("\(known) row ids") }
        return runs
    }

    private func corrupt(_ what: String) -> Failure {
        Failure(.corrupt, "fragment \(fragment) of \(rows) rows has \(what)")
    }

    private func size(_ start: UInt64, _ end: UInt64) throws -> UInt64 {
        guard start <= end else { throw corrupt("ids from \(start) to \(end)") }
        return end - start
    }

    private mutating func add(_ id: UInt64, _ count: UInt64) throws {
        guard count <= UInt64(rows - known), !id.addingReportingOverflow(count).overflow else {
            throw corrupt("more row ids")
        }
        guard count > 0 else { return }
        let count = Int(count)
        if let last = runs.last, last.firstID + UInt64(last.count) == id {
            runs[runs.count - 1].count += count
        } else {
            runs.append(FragmentRowIDs.Run(offset: known, count: count, firstID: id))
        }
        known += count
    }

    private mutating func add(_ range: ProtoRowIdSegment.RangeWithHoles) throws {
        _ = try size(range.start, range.end)
        var next = range.start
        for hole in try Self.values(range.holes).sorted() {
            guard hole >= next, hole < range.end else { throw corrupt("a hole \(hole) in its ids") }
            try add(next, hole - next)
            next = hole + 1
        }
        try add(next, range.end - next)
    }

    private mutating func add(_ range: ProtoRowIdSegment.RangeWithBitmap) throws {
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
    }

    private mutating func add(_ values: [UInt64]) throws {
        for value in values { try add(value, 1) }
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
