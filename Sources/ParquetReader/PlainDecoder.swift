// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// PLAIN: values as they are.
enum PlainDecoder {
    static func make(_ view: ByteView, _ context: DecoderContext) throws -> any ValueDecoder {
        if context.physical == .boolean { return PlainBooleanDecoder(view: view) }
        guard let width = context.width else { return PlainVariableDecoder(view: view) }
        return PlainFixedDecoder(view: view, width: width)
    }
}

/// Values of one width, side by side.
struct PlainFixedDecoder: ValueDecoder {
    let view: ByteView
    let width: Int
    private var position = 0

    init(view: ByteView, width: Int) { (self.view, self.width) = (view, width) }

    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        let size = count * width
        let part = try view.slice(position, size, "\(count) values of \(width) bytes")
        let target = output.reserve(size)
        part.withUnsafeBytes { source in
            if let base = source.baseAddress { target.copyMemory(from: base, byteCount: size) }
        }
        output.advance(size)
        position += size
        return count
    }
}

/// Bits, the lowest of each byte first.
struct PlainBooleanDecoder: ValueDecoder {
    let view: ByteView
    private var position = 0

    init(view: ByteView) { self.view = view }

    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        guard count <= view.count * 8 - position else {
            throw view.corrupt("\(count) Booleans, but only \(view.count * 8 - position) bits are left")
        }
        let target = output.reserve(count).assumingMemoryBound(to: UInt8.self)
        view.withUnsafeBytes { BitUnpacking.unpack($0, first: position, width: 1, count: count, into: target) }
        output.advance(count)
        position += count
        return count
    }
}

/// Values of varying length.
///
///     value = u32 length, bytes
///
/// This is how vectors come: one pass copies the bytes and notes where each value ends.
struct PlainVariableDecoder: ValueDecoder {
    let view: ByteView
    private var position = 0

    init(view: ByteView) { self.view = view }

    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        var done = 0
        var next = position
        // The loop keeps the buffer's state in variables of its own, and gives it back before the buffer grows.
        var target = output.reserve(0)
        var room = output.room
        var end = output.byteCount
        var isShort = false
        output.offsets.reserve(count)
        view.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else {
                isShort = count > 0
                return
            }
            while done < count {
                guard bytes.count - next >= 4 else {
                    isShort = true
                    return
                }
                let length = Int(UInt32(littleEndian: base.loadUnaligned(fromByteOffset: next, as: UInt32.self)))
                guard length <= bytes.count - next - 4 else {
                    isShort = true
                    return
                }
                if length > room {
                    output.advance(end - output.byteCount)
                    target = output.reserve(length)
                    room = output.room
                }
                target.copyMemory(from: base + next + 4, byteCount: length)
                target += length
                room -= length
                next += 4 + length
                end += length
                output.offsets.append(end)
                done += 1
                if end >= limit { return }
            }
        }
        position = next
        output.advance(end - output.byteCount)
        guard !isShort else {
            throw view.corrupt("value \(done + 1) of \(count) is longer than the page's bytes", at: position)
        }
        return done
    }
}

extension [Int] {
    /// Makes room for `more` elements, growing by doubling as `append` does.
    mutating func reserve(_ more: Int) {
        let needed = count + more
        if needed > capacity { reserveCapacity(Swift.max(needed, capacity * 2)) }
    }
}
