// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Where decoders put values: one after another in memory that grows, and becomes a column without another copy.
///
/// Values of one width stand side by side; others end where `offsets` says. What a decoder adds are the values that
/// are there; `spread` then moves them apart to make room for the nulls between.
final class ValueBuffer {
    /// Bytes of a value; nil where each has its own length.
    let width: Int?
    /// The first `byteCount` of `capacity` bytes are values.
    private(set) var base: UnsafeMutableRawPointer
    private(set) var byteCount = 0
    private var capacity: Int
    /// Where each value of varying length ends, after a leading 0.
    var offsets: [Int]
    private var isOwner = true

    init(width: Int?, expecting bytes: Int = 0) {
        self.width = width
        capacity = max(bytes, 64)
        base = .allocate(byteCount: capacity, alignment: 64)
        offsets = width == nil ? [0] : []
    }

    deinit { if isOwner { base.deallocate() } }

    /// Makes room for `more` bytes and returns where they go; `advance` says how many were written.
    @inline(__always)
    func reserve(_ more: Int) -> UnsafeMutableRawPointer {
        if room < more { grow(more) }
        return base + byteCount
    }

    /// Bytes that can be added without growing.
    @inline(__always)
    var room: Int { capacity - byteCount }

    @inline(__always)
    func advance(_ bytes: Int) { byteCount += bytes }

    @inline(never)
    private func grow(_ more: Int) {
        let (doubled, overflow) = capacity.multipliedReportingOverflow(by: 2)
        capacity = max(overflow ? 0 : doubled, byteCount + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
        larger.copyMemory(from: base, byteCount: byteCount)
        base.deallocate()
        base = larger
    }

    /// Adds places for `count` nulls.
    func appendNulls(_ count: Int) {
        if let width {
            reserve(count * width).initializeMemory(as: UInt8.self, repeating: 0, count: count * width)
            advance(count * width)
        } else {
            offsets.append(contentsOf: repeatElement(byteCount, count: count))
        }
    }

    /// Moves the last `valid` values apart, so that each stands where `levels` has `level`, and nulls elsewhere.
    func spread(valid: Int, levels: UnsafeBufferPointer<UInt8>, level: UInt8) {
        let nulls = levels.count - valid
        if nulls == 0 { return }
        if let width {
            spreadFixed(width, valid: valid, levels: levels, level: level)
        } else {
            let first = offsets.count - valid
            offsets.append(contentsOf: repeatElement(byteCount, count: nulls))
            offsets.withUnsafeMutableBufferPointer { offsets in
                // From the back, so that nothing is overwritten before it was moved.
                var source = first + valid
                var end = offsets[offsets.count - 1]
                for index in stride(from: levels.count - 1, through: 0, by: -1) {
                    offsets[first + index] = end
                    if levels[index] == level {
                        source -= 1
                        end = offsets[source - 1]
                    }
                }
            }
        }
    }

    private func spreadFixed(_ width: Int, valid: Int, levels: UnsafeBufferPointer<UInt8>, level: UInt8) {
        let nulls = levels.count - valid
        _ = reserve(nulls * width)
        let first = base + (byteCount - valid * width)
        var source = valid
        for index in stride(from: levels.count - 1, through: 0, by: -1) {
            let target = first + index * width
            if levels[index] == level {
                source -= 1
                if source != index { target.copyMemory(from: first + source * width, byteCount: width) }
            } else {
                target.initializeMemory(as: UInt8.self, repeating: 0, count: width)
            }
        }
        advance(nulls * width)
    }

    /// The bytes, which leave this buffer without a copy; the buffer is not used after that.
    func takeBytes(name: String) -> ByteView {
        guard isOwner else { return .empty }
        isOwner = false
        let bytes = UnsafeRawBufferPointer(start: base, count: byteCount)
        return Region(adopting: bytes, name: name, isMapped: false) { pointer, _ in pointer.deallocate() }.view
    }
}
