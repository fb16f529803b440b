// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Decodes a run of integers stored as bit-packed differences.
///
///     run   = varint(values in a block), varint(miniblocks in a block), varint(count), zigzag(first value), block*
///     block = zigzag(least difference), u8 width * miniblocks, miniblock*
///
/// A value is the one before it, plus the least difference, plus `width` bits of its miniblock. Sums wrap around.
/// Miniblocks after the last value are not stored. (Parquet format, Encodings, "Delta Encoding")
struct DeltaBinaryPacked {
    private var reader: ByteReader
    /// Values that the run holds.
    let count: Int
    private let miniblocksInBlock: Int
    private let valuesInMiniblock: Int
    /// Values not yet returned.
    private(set) var remaining: Int
    private var value: Int64
    private var isFirst = true
    private var leastDelta: Int64 = 0
    private var widths = ByteView.empty
    private var nextMiniblock = 0
    private var miniblock = ByteView.empty
    private var miniblockWidth = 0
    private var miniblockBit = 0
    /// Values of the current miniblock not yet returned.
    private var left = 0
    private var block = [UInt64](repeating: 0, count: blockSize)

    private static let blockSize = 256

    init(_ view: ByteView) throws {
        reader = ByteReader(view)
        let blockValues = try reader.varint()
        let miniblocks = try reader.varint()
        let total = try reader.varint()
        value = try reader.zigzag()
        guard (1...(1 << 24)).contains(blockValues), blockValues % 128 == 0, (1...blockValues).contains(miniblocks),
            blockValues % miniblocks == 0, (blockValues / miniblocks) % 32 == 0
        else { throw view.corrupt("delta blocks of \(blockValues) values in \(miniblocks) miniblocks") }
        guard total <= UInt64(Int32.max) else { throw view.corrupt("a delta run of \(total) values") }
        miniblocksInBlock = Int(miniblocks)
        valuesInMiniblock = Int(blockValues / miniblocks)
        nextMiniblock = miniblocksInBlock
        count = Int(total)
        remaining = count
    }

    /// The next `part` values, of which the narrow types take the lower bits.
    mutating func decode<T: FixedWidthInteger>(_ part: Int, into target: UnsafeMutablePointer<T>) throws {
        guard part <= remaining else {
            throw reader.corrupt("a delta run of \(count) values ends \(part - remaining) values early")
        }
        if part == 0 { return }
        var done = 0
        if isFirst {
            target[0] = T(truncatingIfNeeded: value)
            isFirst = false
            done = 1
        }
        remaining -= part
        // What `remaining` was before a miniblock begins bounds the bytes that it must have.
        while done < part {
            if left == 0 { try beginMiniblock(needed: remaining + part - done) }
            let some = min(left, part - done, Self.blockSize)
            unpack(some)
            for index in 0..<some {
                value &+= leastDelta &+ Int64(bitPattern: block[index])
                target[done + index] = T(truncatingIfNeeded: value)
            }
            done += some
        }
    }

    private mutating func unpack(_ some: Int) {
        let (miniblock, first, width) = (miniblock, miniblockBit, miniblockWidth)
        block.withUnsafeMutableBufferPointer { block in
            miniblock.withUnsafeBytes { bytes in
                if let base = block.baseAddress {
                    BitUnpacking.unpack(bytes, first: first, width: width, count: some, into: base)
                }
            }
        }
        miniblockBit += some * miniblockWidth
        left -= some
    }

    /// `needed` values are still to come, of which this miniblock may hold some.
    private mutating func beginMiniblock(needed: Int) throws {
        if nextMiniblock == miniblocksInBlock {
            leastDelta = try reader.zigzag()
            widths = try reader.bytes(miniblocksInBlock, "the widths of delta miniblocks")
            nextMiniblock = 0
        }
        let width = Int(try widths.load(UInt8.self, at: nextMiniblock))
        guard width <= 64 else { throw reader.corrupt("a delta miniblock of \(width)-bit values") }
        nextMiniblock += 1
        left = min(valuesInMiniblock, needed)
        // The last one's padding may be missing, where nothing follows it.
        let size = min(valuesInMiniblock * width / 8, max(reader.remaining, (left * width + 7) / 8))
        miniblock = try reader.bytes(size, "a delta miniblock")
        miniblockWidth = width
        miniblockBit = 0
    }

    /// The position after the run; only of one from which no value was taken yet.
    func end() throws -> Int {
        var copy = self
        var needed = max(count - 1, 0)
        while needed > 0 {
            try copy.beginMiniblock(needed: needed)
            needed -= copy.left
        }
        return copy.reader.position
    }
}
