// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// A column's values in the order of a BTREE: nulls, then the others, ascending.
struct SortedBTreeValues: Sendable {
    let values: BTreeValues
    let order: [UInt32]

    var type: DataType { values.type }
    var count: Int { values.count }
    var nullCount: Int { values.nullRowIDs.count }

    /// How many rows from `start` on take at most `bytes`, but at least one.
    func rows(from start: Int, fitting bytes: Int) -> Int {
        guard type.isText else { return min(max(bytes / 16, 1), count - start) }
        var taken = 0
        var row = start
        while row < count, taken < bytes {
            taken += 16
            if row >= nullCount {
                let value = Int(order[row - nullCount])
                taken += Int(values.ends[value] - (value == 0 ? 0 : values.ends[value - 1]))
            }
            row += 1
        }
        return row - start
    }

    /// The ids of `rows`.
    func rowIDs(_ rows: Range<Int>) throws -> Column {
        let nulls = values.nullRowIDs.count
        let region = Region(count: rows.count * 8, name: "row ids") { target in
            for (place, row) in rows.enumerated() {
                let id = row < nulls ? values.nullRowIDs[row] : values.rowIDs[Int(order[row - nulls])]
                target.storeBytes(of: id.littleEndian, toByteOffset: place * 8, as: UInt64.self)
            }
        }
        return try Column(.uint64, count: rows.count, storage: .fixed(region.view))
    }

    /// The values of `rows`.
    func column(_ rows: Range<Int>) throws -> Column {
        let nulls = min(max(values.nullRowIDs.count - rows.lowerBound, 0), rows.count)
        let present = rows.lowerBound + nulls - values.nullRowIDs.count..<rows.upperBound - values.nullRowIDs.count
        var validity: Bitmap?
        if nulls > 0 {
            var bits = BitmapBuilder()
            bits.append(repeating: false, count: nulls)
            bits.append(repeating: true, count: rows.count - nulls)
            validity = bits.finish()
        }
        let storage = nulls == rows.count ? try Column.nulls(type, count: nulls).storage : gather(nulls, present)
        return try Column(type, count: rows.count, validity: validity, storage: storage)
    }

    /// `nulls` places that mean nothing, and the values at `places` of the order.
    private func gather(_ nulls: Int, _ places: Range<Int>) -> Column.Storage {
        guard type.isText else {
            switch type.byteWidth {
            case 1: return gather(nulls, places, UInt8.self)
            case 2: return gather(nulls, places, UInt16.self)
            case 4: return gather(nulls, places, UInt32.self)
            default: return gather(nulls, places, UInt64.self)
            }
        }
        return values.bytes.withUnsafeBytes { bytes in
            values.ends.withUnsafeBufferPointer { ends in
                var offsets = [Int](repeating: 0, count: nulls + 1)
                offsets.reserveCapacity(nulls + places.count + 1)
                var total = 0
                for place in places {
                    let row = Int(order[place])
                    total += Int(ends[row] - (row == 0 ? 0 : ends[row - 1]))
                    offsets.append(total)
                }
                let region = Region(count: total, name: "values") { target in
                    guard let target = target.baseAddress, let bytes = bytes.baseAddress else { return }
                    var to = 0
                    for place in places {
                        let row = Int(order[place])
                        let start = row == 0 ? 0 : Int(ends[row - 1])
                        let length = Int(ends[row]) - start
                        (target + to).copyMemory(from: bytes + start, byteCount: length)
                        to += length
                    }
                }
                return .variable(offsets: offsets, data: region.view)
            }
        }
    }

    /// Numbers of the bits that a signed or unsigned type of the same width has.
    private func gather<T: FixedWidthInteger & BitwiseCopyable>(
        _ nulls: Int, _ places: Range<Int>, _: T.Type
    ) -> Column.Storage {
        let width = MemoryLayout<T>.size
        let region = Region(count: (nulls + places.count) * width, name: "values") { target in
            for place in 0..<nulls { target.storeBytes(of: 0, toByteOffset: place * width, as: T.self) }
            for (index, place) in places.enumerated() {
                let bits = values.ranks[Int(order[place])] ^ values.sign
                target.storeBytes(
                    of: T(truncatingIfNeeded: bits), toByteOffset: (nulls + index) * width, as: T.self)
            }
        }
        return .fixed(region.view)
    }
}
