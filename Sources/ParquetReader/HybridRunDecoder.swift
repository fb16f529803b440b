// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Decodes the hybrid of repeated and bit-packed runs: levels, dictionary indices and Booleans.
///
///     run = varint(count << 1),     value in ceil(width / 8) bytes        count times the value
///         | varint(count << 1 | 1), count * width bytes                   count * 8 values of width bits
///
/// (Parquet format, Encodings, "Run Length Encoding / Bit-Packing Hybrid")
struct HybridRunDecoder {
    private var reader: ByteReader
    let bitWidth: Int
    /// Values of the current run that are still to come.
    private var left = 0
    /// Nil in a bit-packed run.
    private var repeated: UInt32?
    private var packed = ByteView.empty
    private var packedBit = 0

    init(_ view: ByteView, bitWidth: Int) throws {
        guard (0...32).contains(bitWidth) else { throw view.corrupt("values of \(bitWidth) bits, expected 0 to 32") }
        reader = ByteReader(view)
        self.bitWidth = bitWidth
    }

    private mutating func nextRun() throws {
        while left == 0 {
            guard !reader.isAtEnd else { throw reader.corrupt("the runs end before the last value") }
            let head = try reader.varint()
            // No page has more than 2^31 values; what a run has beyond that cannot be meant.
            let count = Int(min(head >> 1, 1 << 32))
            if head & 1 == 0 {
                var value: UInt32 = 0
                for byte in 0..<(bitWidth + 7) / 8 { value |= UInt32(try reader.read(UInt8.self)) << UInt32(byte * 8) }
                guard bitWidth == 32 || value >> UInt32(bitWidth) == 0 else {
                    throw reader.corrupt("a run of the value \(value), which has more than \(bitWidth) bits")
                }
                repeated = value
                left = count
            } else {
                repeated = nil
                // The last run's padding may be missing.
                let size = min(count * bitWidth, reader.remaining)
                left = bitWidth == 0 ? count * 8 : min(count * 8, size * 8 / bitWidth)
                guard left > 0 || count == 0 else { throw reader.corrupt("the runs end inside a bit-packed one") }
                packed = try reader.bytes(size)
                packedBit = 0
            }
        }
    }

    /// The value of the next run and how often it comes, where that run repeats a value.
    mutating func repetition() throws -> (value: UInt32, count: Int)? {
        try nextRun()
        return repeated.map { ($0, left) }
    }

    /// Passes over `count` values of the run that `repetition` told of.
    mutating func consume(_ count: Int) { left -= min(count, left) }

    mutating func decode<T: FixedWidthInteger>(_ count: Int, into target: UnsafeMutablePointer<T>) throws {
        var done = 0
        while done < count {
            try nextRun()
            let part = min(left, count - done)
            if let repeated {
                (target + done).update(repeating: T(truncatingIfNeeded: repeated), count: part)
            } else {
                packed.withUnsafeBytes {
                    BitUnpacking.unpack($0, first: packedBit, width: bitWidth, count: part, into: target + done)
                }
                packedBit += part * bitWidth
            }
            left -= part
            done += part
        }
    }
}
