// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// DELTA_BYTE_ARRAY: a value begins with a part of the value before it.
///
///     page = delta run of lengths of the common part, delta run of lengths of the rest, bytes of the rests
struct DeltaByteArrayDecoder: ValueDecoder {
    private var prefixes: DeltaBinaryPacked
    private var suffixes: DeltaBinaryPacked
    private let data: ByteView
    private let width: Int?
    private var position = 0
    /// The last value, which the next one begins with.
    private var previous: [UInt8] = []
    private var prefixBlock = [Int32](repeating: 0, count: blockSize)
    private var suffixBlock = [Int32](repeating: 0, count: blockSize)

    private static let blockSize = 256

    static func make(_ view: ByteView, _ context: DecoderContext) throws -> any ValueDecoder {
        guard context.physical == .byteArray || context.physical == .fixedLenByteArray else {
            throw context.unsupported(.deltaByteArray)
        }
        return view.isEmpty
            ? try PlainDecoder.make(view, context) : try DeltaByteArrayDecoder(view, width: context.width)
    }

    init(_ view: ByteView, width: Int?) throws {
        prefixes = try DeltaBinaryPacked(view)
        let start = try prefixes.end()
        suffixes = try DeltaBinaryPacked(view.slice(start, view.count - start))
        let end = start + (try suffixes.end())
        data = try view.slice(end, view.count - end)
        self.width = width
        guard prefixes.count == suffixes.count else {
            throw view.corrupt("\(prefixes.count) prefix lengths, but \(suffixes.count) suffix lengths")
        }
    }

    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        var done = 0
        while done < count {
            let part = min(count - done, Self.blockSize)
            let before = (prefixes, suffixes)
            try prefixBlock.decode(part, from: &prefixes)
            try suffixBlock.decode(part, from: &suffixes)
            let values = try append(part, output, limit: width == nil ? limit : .max)
            if values < part {
                (prefixes, suffixes) = before
                try prefixBlock.decode(values, from: &prefixes)
                try suffixBlock.decode(values, from: &suffixes)
            }
            done += values
            if width == nil, output.byteCount >= limit { break }
        }
        return done
    }

    private mutating func append(_ part: Int, _ output: ValueBuffer, limit: Int) throws -> Int {
        var done = 0
        // Inside of the block the value before stands in the output; across blocks it is kept.
        var last = previous.count
        while done < part {
            let prefix = Int(prefixBlock[done])
            let suffix = Int(suffixBlock[done])
            guard prefix >= 0, prefix <= last, suffix >= 0, suffix <= data.count - position else {
                let left = data.count - position
                throw data.corrupt(
                    "a value of \(prefix) bytes of the \(last) before it and \(suffix) of the \(left) left",
                    at: position)
            }
            let length = prefix + suffix
            guard width == nil || length == width else {
                throw data.corrupt("a value of \(length) bytes, expected \(width ?? 0)", at: position)
            }
            let target = output.reserve(length)
            if done == 0 {
                previous.withUnsafeBytes { copy($0.baseAddress, prefix, to: target) }
            } else {
                copy(UnsafeRawPointer(target) - last, prefix, to: target)
            }
            data.withUnsafeBytes { copy($0.baseAddress.map { $0 + position }, suffix, to: target + prefix) }
            position += suffix
            output.advance(length)
            if width == nil { output.offsets.append(output.byteCount) }
            last = length
            done += 1
            if output.byteCount >= limit { break }
        }
        if done > 0 {
            previous = [UInt8](UnsafeRawBufferPointer(start: output.reserve(0) - last, count: last))
        }
        return done
    }

    private func copy(_ source: UnsafeRawPointer?, _ count: Int, to target: UnsafeMutableRawPointer) {
        if let source, count > 0 { target.copyMemory(from: source, byteCount: count) }
    }
}
