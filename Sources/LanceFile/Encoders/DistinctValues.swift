// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// The different values of a page in the order of their first rows, and which of them each row has.
struct DistinctValues {
    /// Row of each one's first appearance.
    let firstRows: [Int]
    /// Indices of 32 bits, one a row.
    let indices: FixedValues
    /// The values as the dictionary holds them.
    let items: Items

    enum Items {
        case fixed(FixedValues)
        case text(TextValues, offsetBits: Int)
    }

    /// Nil where the dictionary alone would take `limit` bytes.
    init?(_ values: FixedValues, below limit: Int) {
        let width = values.width
        let rows = values.bytes.withUnsafeBytes { raw in
            Self.collect(
                rows: values.count, limit: limit, cost: { _ in width },
                hash: { Self.hash(raw, $0 * width, width) },
                isEqual: { memcmpEqual(raw, $0 * width, width, $1 * width, width) })
        }
        guard let rows else { return nil }
        (firstRows, indices) = rows
        let firstRows = rows.firstRows
        let region = Region(count: firstRows.count * width, name: "dictionary") { target in
            values.bytes.withUnsafeBytes { source in
                guard let source = source.baseAddress, let target = target.baseAddress else { return }
                for (item, row) in firstRows.enumerated() {
                    (target + item * width).copyMemory(from: source + row * width, byteCount: width)
                }
            }
        }
        items = .fixed(FixedValues(region.view, width: width))
    }

    init?(_ values: TextValues, offsetBits: Int, below limit: Int) {
        let offsets = values.offsets
        let rows = values.data.withUnsafeBytes { raw in
            Self.collect(
                rows: values.count, limit: limit, cost: { offsets[$0 + 1] - offsets[$0] + offsetBits / 8 },
                hash: { Self.hash(raw, offsets[$0], offsets[$0 + 1] - offsets[$0]) },
                isEqual: {
                    memcmpEqual(
                        raw, offsets[$0], offsets[$0 + 1] - offsets[$0], offsets[$1], offsets[$1 + 1] - offsets[$1])
                })
        }
        guard let rows else { return nil }
        (firstRows, indices) = rows
        items = .text(values.gather(rows.firstRows), offsetBits: offsetBits)
    }

    /// Open addressing: no value is copied before the dictionary pays. Gives up where too many values share a slot, by
    /// chance or because somebody chose them to.
    @inline(__always)
    private static func collect(
        rows: Int, limit: Int, cost: (Int) -> Int, hash: (Int) -> UInt64, isEqual: (Int, Int) -> Bool
    ) -> (firstRows: [Int], indices: FixedValues)? {
        var capacity = 1024
        var slots = [UInt32](repeating: 0, count: capacity)
        var firstRows: [Int] = []
        var hashes: [UInt64] = []
        var total = 0
        var steps = 0
        var isTooLarge = false
        let region = Region(count: rows * 4, name: "indices") { target in
            let indices = target.bindMemory(to: UInt32.self)
            for row in 0..<rows {
                let hash = hash(row)
                var slot = Int(truncatingIfNeeded: hash) & (capacity - 1)
                var found = -1
                while slots[slot] != 0 {
                    let item = Int(slots[slot]) - 1
                    if hashes[item] == hash, isEqual(firstRows[item], row) {
                        found = item
                        break
                    }
                    slot = (slot + 1) & (capacity - 1)
                    steps += 1
                }
                if found < 0 {
                    found = firstRows.count
                    firstRows.append(row)
                    hashes.append(hash)
                    slots[slot] = UInt32(firstRows.count)
                    total += cost(row)
                    if total >= limit || steps > rows * stepsPerRow {
                        isTooLarge = true
                        return
                    }
                    if firstRows.count * 2 > capacity {
                        capacity *= 4
                        slots = [UInt32](repeating: 0, count: capacity)
                        for (item, hash) in hashes.enumerated() {
                            var slot = Int(truncatingIfNeeded: hash) & (capacity - 1)
                            while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
                            slots[slot] = UInt32(item + 1)
                        }
                    }
                }
                indices[row] = UInt32(found)
            }
        }
        return isTooLarge ? nil : (firstRows, FixedValues(region.view, width: 4))
    }

    /// On average there is less than one, as half of the slots are free.
    private static let stepsPerRow = 8

    /// Eight bytes at a time.
    @inline(__always)
    private static func hash(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UInt64 {
        guard let base = bytes.baseAddress else { return 0 }
        var state = UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
        var position = start
        let end = start + count
        while end - position >= 8 {
            state = mixed(state ^ base.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var rest: UInt64 = 0
        while position < end {
            rest = rest << 8 | UInt64(base.load(fromByteOffset: position, as: UInt8.self))
            position += 1
        }
        return mixed(state ^ rest)
    }

    @inline(__always)
    private static func mixed(_ word: UInt64) -> UInt64 {
        let product = word.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return product.high ^ product.low
    }
}

@inline(__always)
private func memcmpEqual(_ bytes: UnsafeRawBufferPointer, _ a: Int, _ aCount: Int, _ b: Int, _ bCount: Int) -> Bool {
    guard aCount == bCount else { return false }
    var position = 0
    while aCount - position >= 8 {
        if bytes.loadUnaligned(fromByteOffset: a + position, as: UInt64.self)
            != bytes.loadUnaligned(fromByteOffset: b + position, as: UInt64.self)
        {
            return false
        }
        position += 8
    }
    while position < aCount {
        if bytes[a + position] != bytes[b + position] { return false }
        position += 1
    }
    return true
}
