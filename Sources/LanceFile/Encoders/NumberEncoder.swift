// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import SwiftProtobuf

/// Writes values of a fixed width in the smallest of three ways: as they are, of the bits that they need, or as runs.
///
/// Floats and signed integers are words like any other here.
struct NumberEncoder {
    private enum Method {
        case flat
        /// Chunks of 1,024 words: one that says their bits, and the words cut to these.
        case packed
        /// A word and how often it comes, up to 255 times, in a buffer each.
        case runs
    }

    private let values: FixedValues
    private let method: Method
    /// Bytes that the chunks take, about.
    let size: Int

    init(_ values: FixedValues, _ overhead: ChunkOverhead) {
        self.values = values
        let usual = EncodedChunks.usualCount(bits: values.width * 8)
        var best = (method: Method.flat, size: values.bytes.count)
        best.size += (values.count + usual - 1) / usual * overhead.bytes(buffers: 1)
        let other: (packed: Int, runs: Int)? =
            switch values.width {
            case 1: Self.sizes(values, UInt8.self, overhead)
            case 2: Self.sizes(values, UInt16.self, overhead)
            case 4: Self.sizes(values, UInt32.self, overhead)
            case 8: Self.sizes(values, UInt64.self, overhead)
            default: nil
            }
        if let other {
            if other.packed < best.size { best = (.packed, other.packed) }
            if other.runs < best.size { best = (.runs, other.runs) }
        }
        (method, size) = best
    }

    func encode() -> EncodedChunks {
        switch (method, values.width) {
        case (.packed, 1): pack(UInt8.self)
        case (.packed, 2): pack(UInt16.self)
        case (.packed, 4): pack(UInt32.self)
        case (.packed, 8): pack(UInt64.self)
        case (.runs, 1): run(UInt8.self)
        case (.runs, 2): run(UInt16.self)
        case (.runs, 4): run(UInt32.self)
        case (.runs, 8): run(UInt64.self)
        default: flat()
        }
    }

    /// Values of a chunk of runs: one without any must not be larger than a chunk can be.
    private static func runCount(_ width: Int) -> Int { width == 8 ? 2048 : EncodedChunks.mostValues }

    private static func sizes<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ values: FixedValues, _: T.Type, _ overhead: ChunkOverhead
    ) -> (packed: Int, runs: Int) {
        values.bytes.withUnsafeBytes { raw in
            let words = raw.bindMemory(to: T.self)
            var packed = 0
            for start in stride(from: 0, to: words.count, by: FastLanes.count) {
                packed += MemoryLayout<T>.size + FastLanes.byteCount(width: width(words, start))
                packed = ChunkOverhead.padded(packed) + overhead.bytes(buffers: 1)
            }
            var runs = 0
            let usual = runCount(MemoryLayout<T>.size)
            for start in stride(from: 0, to: words.count, by: usual) {
                var entries = 0
                forEachRun(words, start..<min(start + usual, words.count)) { _, _ in entries += 1 }
                runs += ChunkOverhead.padded(entries * MemoryLayout<T>.size) + ChunkOverhead.padded(entries)
                runs += overhead.bytes(buffers: 2)
            }
            return (packed, runs)
        }
    }

    /// Bits that the up to 1,024 words from `start` need.
    @inline(__always)
    private static func width<T: FixedWidthInteger & UnsignedInteger>(_ words: UnsafeBufferPointer<T>, _ start: Int)
        -> Int
    {
        var all: T = 0
        for index in start..<min(start + FastLanes.count, words.count) { all |= words[index] }
        return T.bitWidth - all.leadingZeroBitCount
    }

    @inline(__always)
    private static func forEachRun<T: FixedWidthInteger & UnsignedInteger>(
        _ words: UnsafeBufferPointer<T>, _ rows: Range<Int>, _ body: (T, UInt8) -> Void
    ) {
        var row = rows.lowerBound
        while row < rows.upperBound {
            let end = min(row + 255, rows.upperBound)
            var next = row + 1
            while next < end, words[next] == words[row] { next += 1 }
            body(words[row], UInt8(next - row))
            row = next
        }
    }

    private func flat() -> EncodedChunks {
        var result = EncodedChunks(.with { $0.flat.bitsPerValue = UInt64(values.width * 8) })
        result.cutFlat(values.bytes, bits: values.width * 8, count: values.count)
        return result
    }

    private func pack<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_: T.Type) -> EncodedChunks {
        var result = EncodedChunks(.with { $0.inlineBitpacking.uncompressedBitsPerValue = UInt64(T.bitWidth) })
        var padded = [T](repeating: 0, count: FastLanes.count)
        var packed = [T](repeating: 0, count: FastLanes.count + 1)
        values.bytes.withUnsafeBytes { raw in
            let words = raw.bindMemory(to: T.self)
            for start in stride(from: 0, to: words.count, by: FastLanes.count) {
                let count = min(FastLanes.count, words.count - start)
                let width = Self.width(words, start)
                for index in 0..<FastLanes.count { padded[index] = index < count ? words[start + index] : 0 }
                packed[0] = T(truncatingIfNeeded: width)
                packed.withUnsafeMutableBufferPointer { packed in
                    padded.withUnsafeBufferPointer { padded in
                        guard let source = padded.baseAddress, let target = packed.baseAddress else { return }
                        FastLanes.pack(source, width: width, into: target + 1)
                    }
                }
                let size = MemoryLayout<T>.size + FastLanes.byteCount(width: width)
                result.bytes.write(elements: packed[..<(size / MemoryLayout<T>.size)])
                result.chunks.append(.init(count: count, sizes: [size]))
            }
        }
        return result
    }

    private func run<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_: T.Type) -> EncodedChunks {
        var result = EncodedChunks(
            .with {
                $0.rle.values.flat.bitsPerValue = UInt64(T.bitWidth)
                $0.rle.runLengths.flat.bitsPerValue = 8
            })
        values.bytes.withUnsafeBytes { raw in
            let words = raw.bindMemory(to: T.self)
            let usual = Self.runCount(MemoryLayout<T>.size)
            for start in stride(from: 0, to: words.count, by: usual) {
                let rows = start..<min(start + usual, words.count)
                var runs: [T] = []
                var lengths: [UInt8] = []
                Self.forEachRun(words, rows) { word, length in
                    runs.append(word)
                    lengths.append(length)
                }
                result.bytes.write(elements: runs)
                result.bytes.write(lengths)
                result.chunks.append(
                    .init(count: rows.count, sizes: [runs.count * MemoryLayout<T>.size, lengths.count]))
            }
        }
        return result
    }
}
