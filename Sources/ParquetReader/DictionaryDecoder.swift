// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// RLE_DICTIONARY and PLAIN_DICTIONARY: indices of dictionary values.
///
///     page = u8 width of an index in bits, runs
struct DictionaryDecoder: ValueDecoder {
    private let dictionary: ValueDictionary
    private var indices: HybridRunDecoder
    private var block = [UInt32](repeating: 0, count: blockSize)

    private static let blockSize = 1024

    static func make(_ view: ByteView, _ context: DecoderContext) throws -> any ValueDecoder {
        guard let dictionary = context.dictionary else {
            throw view.corrupt("a page of dictionary indices, but the column chunk has no dictionary page before it")
        }
        return try DictionaryDecoder(view, dictionary)
    }

    init(_ view: ByteView, _ dictionary: ValueDictionary) throws {
        self.dictionary = dictionary
        // A page whose values are all null may have no bytes at all.
        let width = view.isEmpty ? 0 : Int(try view.load(UInt8.self, at: 0))
        indices = try HybridRunDecoder(view.slice(min(1, view.count), max(view.count - 1, 0)), bitWidth: width)
    }

    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        var done = 0
        while done < count {
            let part = min(count - done, Self.blockSize)
            let before = indices
            try block.decode(part, from: &indices)
            try check(part)
            if let width = dictionary.width {
                copyFixed(part, width, output)
                done += part
                continue
            }
            let copied = copyVariable(part, output, limit)
            done += copied
            if copied < part {
                indices = before
                try block.decode(copied, from: &indices)
            }
            if output.byteCount >= limit { break }
        }
        return done
    }

    private func check(_ part: Int) throws {
        var top: UInt32 = 0
        for index in 0..<part { top = max(top, block[index]) }
        guard Int(top) < dictionary.count else {
            throw Failure(.corrupt, "dictionary index \(top), but the dictionary has \(dictionary.count) values")
        }
    }

    private func copyFixed(_ part: Int, _ width: Int, _ output: ValueBuffer) {
        let target = output.reserve(part * width)
        dictionary.view.withUnsafeBytes { source in
            guard let source = source.baseAddress else { return }
            switch width {
            case 4: Self.gather(block, part, source, target, UInt32.self)
            case 8: Self.gather(block, part, source, target, UInt64.self)
            default:
                for index in 0..<part {
                    (target + index * width).copyMemory(from: source + Int(block[index]) * width, byteCount: width)
                }
            }
        }
        output.advance(part * width)
    }

    private static func gather<T: FixedWidthInteger & BitwiseCopyable>(
        _ block: [UInt32], _ part: Int, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ type: T.Type
    ) {
        let size = MemoryLayout<T>.size
        for index in 0..<part {
            let value = source.loadUnaligned(fromByteOffset: Int(block[index]) * size, as: T.self)
            target.storeBytes(of: value, toByteOffset: index * size, as: T.self)
        }
    }

    /// Copies values until `output` holds `limit` bytes; returns how many, at least one.
    private func copyVariable(_ part: Int, _ output: ValueBuffer, _ limit: Int) -> Int {
        output.offsets.reserve(part)
        return dictionary.view.withUnsafeBytes { source in
            guard let source = source.baseAddress else { return part }
            for index in 0..<part {
                let place = dictionary.places[Int(block[index])]
                let length = Int(place.length)
                output.reserve(length).copyMemory(from: source + Int(place.start), byteCount: length)
                output.advance(length)
                output.offsets.append(output.byteCount)
                if output.byteCount >= limit { return index + 1 }
            }
            return part
        }
    }
}

extension [UInt32] {
    /// The next `count` values of `runs`, at most as many as the array has.
    fileprivate mutating func decode(_ count: Int, from runs: inout HybridRunDecoder) throws {
        try withUnsafeMutableBufferPointer { block in
            if let base = block.baseAddress { try runs.decode(count, into: base) }
        }
    }
}
