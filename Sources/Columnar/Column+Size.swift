// SPDX-License-Identifier: Apache-2.0
import ByteCoding

extension Column {
    /// Bytes that the values take, without validity.
    package var byteCount: Int {
        switch storage {
        case .none: 0
        case .bits: (count + 7) / 8
        case .fixed(let view): view.count
        case .variable(let offsets, _): (offsets[count] - offsets[0]) + count * 8
        case .fixedSizeList(let items, _): items.byteCount
        case .list(let offsets, let items): items.byteCount + offsets.count * 8
        case .structure(let members): members.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// How many rows from `start` on fit into `bytes`, by the measure of `byteCount`.
    package func rows(from start: Int, fitting bytes: Int) -> Int {
        let left = count - start
        switch storage {
        case .none: return left
        case .variable(let offsets, _):
            // Ends ascend, so the last row that fits is found by halving.
            var low = 0
            var high = left
            while low < high {
                let middle = (low + high + 1) / 2
                if offsets[start + middle] - offsets[start] + middle * 8 <= bytes {
                    low = middle
                } else {
                    high = middle - 1
                }
            }
            return low
        default:
            guard count > 0 else { return 0 }
            let perRow = max((byteCount + count - 1) / count, 1)
            return min(left, max(bytes, 0) / perRow)
        }
    }
}
