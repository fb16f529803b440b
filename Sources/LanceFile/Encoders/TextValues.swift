// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// The values of a page of text or binary. Null rows are empty.
struct TextValues {
    /// Where each value begins, and the last one ends; from 0 on.
    let offsets: [Int]
    /// All values, and nothing else.
    let data: ByteView

    var count: Int { offsets.count - 1 }

    init(offsets: [Int], data: ByteView) {
        self.offsets = offsets
        self.data = data
    }

    init(_ columns: [Column], _ levels: EncodedLevels?) throws {
        var offsets = [0]
        offsets.reserveCapacity(columns.reduce(1) { $0 + $1.count })
        var pieces: [ByteView] = []
        var total = 0
        for case (let column, .variable(let more, let data)) in columns.map({ ($0, $0.storage) }) {
            // Neighbours that are no nulls travel together.
            var run = 0
            func finishRun(_ end: Int) throws {
                if run < end { pieces.append(try data.slice(more[run], more[end] - more[run])) }
                run = end + 1
            }
            for row in 0..<column.count {
                if levels != nil, column.isNull(row) {
                    try finishRun(row)
                } else {
                    total += more[row + 1] - more[row]
                }
                offsets.append(total)
            }
            try finishRun(column.count)
        }
        self.offsets = offsets
        data = pieces.count == 1 ? pieces[0] : FixedValues(joining: pieces, width: 1).bytes
    }

    /// Bytes of the longest value.
    var longest: Int {
        var longest = 0
        for row in 0..<count { longest = max(longest, offsets[row + 1] - offsets[row]) }
        return longest
    }

    /// The value of all rows that are not null, if it is the same.
    func onlyValue(_ levels: EncodedLevels?) throws -> ByteView? {
        guard let first = (0..<count).first(where: { row in levels.map { !$0.isNull(row) } ?? true }) else {
            return nil
        }
        let length = offsets[first + 1] - offsets[first]
        for row in 0..<count where offsets[row + 1] - offsets[row] != length {
            guard levels?.isNull(row) ?? false else { return nil }
        }
        let isSame = data.withUnsafeBytes { bytes in
            // Nulls take no bytes: each value is the one before it.
            for index in length..<max(bytes.count, length) where bytes[index] != bytes[index - length] { return false }
            return true
        }
        return isSame ? try data.slice(offsets[first], length) : nil
    }

    /// The values of `rows`.
    func gather(_ rows: [Int]) -> TextValues {
        var ends = [0]
        ends.reserveCapacity(rows.count + 1)
        var total = 0
        for row in rows {
            total += offsets[row + 1] - offsets[row]
            ends.append(total)
        }
        let region = Region(count: total, name: "values") { target in
            data.withUnsafeBytes { source in
                for (item, row) in rows.enumerated() {
                    UnsafeMutableRawBufferPointer(rebasing: target[ends[item]..<ends[item + 1]])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[offsets[row]..<offsets[row + 1]]))
                }
            }
        }
        return TextValues(offsets: ends, data: region.view)
    }
}
