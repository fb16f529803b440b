// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// DELTA_LENGTH_BYTE_ARRAY: all the lengths, then all the bytes.
///
///     page = delta run of lengths, bytes of the values
struct DeltaLengthDecoder: ValueDecoder {
    private var lengths: DeltaBinaryPacked
    private let data: ByteView
    private var position = 0
    private var block = [Int32](repeating: 0, count: blockSize)

    private static let blockSize = 512

    static func make(_ view: ByteView, _ context: DecoderContext) throws -> any ValueDecoder {
        guard context.physical == .byteArray else { throw context.unsupported(.deltaLengthByteArray) }
        return view.isEmpty ? PlainVariableDecoder(view: view) : try DeltaLengthDecoder(view)
    }

    init(_ view: ByteView) throws {
        lengths = try DeltaBinaryPacked(view)
        // The lengths are decoded as values are asked for: a run of many in few bytes must not fill the memory.
        let end = try lengths.end()
        data = try view.slice(end, view.count - end)
    }

    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        var done = 0
        while done < count {
            let part = min(count - done, Self.blockSize)
            let before = lengths
            try block.decode(part, from: &lengths)
            let (values, bytes) = try fitting(part, room: limit - output.byteCount)
            if values < part {
                lengths = before
                try block.decode(values, from: &lengths)
            }
            append(values, bytes, output)
            done += values
            if output.byteCount >= limit { break }
        }
        return done
    }

    /// How many of the block's values, at least one, reach `room` bytes, and their bytes.
    private func fitting(_ part: Int, room: Int) throws -> (values: Int, bytes: Int) {
        var bytes = 0
        for index in 0..<part {
            let length = Int(block[index])
            guard length >= 0, length <= data.count - position - bytes else {
                throw data.corrupt(
                    "a value of \(length) bytes, but \(data.count - position - bytes) are left", at: position)
            }
            bytes += length
            if bytes >= room { return (index + 1, bytes) }
        }
        return (part, bytes)
    }

    private mutating func append(_ values: Int, _ bytes: Int, _ output: ValueBuffer) {
        let target = output.reserve(bytes)
        var end = output.byteCount
        data.withUnsafeBytes { source in
            if let base = source.baseAddress { target.copyMemory(from: base + position, byteCount: bytes) }
        }
        output.advance(bytes)
        position += bytes
        output.offsets.reserve(values)
        for index in 0..<values {
            end += Int(block[index])
            output.offsets.append(end)
        }
    }
}

extension [Int32] {
    /// The next `count` values of `run`, at most as many as the array has.
    mutating func decode(_ count: Int, from run: inout DeltaBinaryPacked) throws {
        try withUnsafeMutableBufferPointer { block in
            if let base = block.baseAddress { try run.decode(count, into: base) }
        }
    }
}
