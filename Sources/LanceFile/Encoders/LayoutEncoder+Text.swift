// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Text and binary.
extension LayoutEncoder {
    func encodeText(_ values: TextValues, _ type: DataType) throws -> Parts {
        // Readers give large types the offsets that the file has.
        let bits = type == .largeUtf8 || type == .largeBinary ? 64 : 32
        guard bits == 64 || values.data.count <= Int(Int32.max) else {
            throw Failure(.unsupported, "a page of \(values.data.count) bytes of \(type)")
        }
        if takesConstants, let value = try values.onlyValue(levels) {
            return constant(inline: nil, buffer: Self.constant(value, bits: bits))
        }
        let longest = values.longest
        let isShort = longest < Self.leastFullZipBytes
        var best = TextCandidate(values, isShort: isShort, bits: bits)
        // Each row reads all of the dictionary: it is for values that come twice and more, not for compressing them.
        if let distinct = DistinctValues(values, offsetBits: bits, below: best.size / 2) {
            let indices = NumberEncoder(distinct.indices, overhead)
            let dictionary = EncodedDictionary(distinct, version: version)
            let size = indices.size + dictionary.size
            // A table of symbols seldom halves the bytes twice.
            if size < best.size / 4 { return try miniBlock(indices.encode(), dictionary: dictionary) }
            best.improve(longest: longest)
            if size < best.size { return try miniBlock(indices.encode(), dictionary: dictionary) }
        } else {
            best.improve(longest: longest)
        }
        return isShort ? try miniBlock(best.chunks()) : zipped(best)
    }

    /// The one value of an Arrow array.
    ///
    /// ```
    /// u32 2 | u32 bytes of the offsets | u32 bytes of the value | two offsets, u32 or u64 | the value
    /// ```
    private static func constant(_ value: ByteView, bits: Int) -> [UInt8] {
        var writer = ByteWriter()
        for number in [2, bits / 4, value.count] { writer.write(UInt32(number)) }
        for offset in [0, value.count] {
            if bits == 32 { writer.write(UInt32(offset)) } else { writer.write(UInt64(offset)) }
        }
        writer.write(value)
        return writer.bytes
    }

    /// ```
    /// buffer 0  rows: a byte, 1 for null, where the page has any | u32 or u64 length | bytes, both only if not null
    /// buffer 1  where each row begins, and the last one ends; of as many bytes each as the last one needs
    /// ```
    private func zipped(_ text: TextCandidate) -> Parts {
        let values = text.stored
        let prefix = text.bits / 8
        let present = rowCount - (levels?.nullCount ?? 0)
        let size = values.data.count + present * prefix + (levels == nil ? 0 : rowCount)
        let width = size <= UInt8.max ? 1 : size <= UInt16.max ? 2 : size <= UInt32.max ? 4 : 8
        var starts = ByteWriter(reserving: (rowCount + 1) * width)
        func writeStart(_ position: Int) {
            switch width {
            case 1: starts.write(UInt8(truncatingIfNeeded: position))
            case 2: starts.write(UInt16(truncatingIfNeeded: position))
            case 4: starts.write(UInt32(truncatingIfNeeded: position))
            default: starts.write(UInt64(position))
            }
        }
        let records = Region(count: size, name: "records") { target in
            values.data.withUnsafeBytes { source in
                guard let base = target.baseAddress else { return }
                var position = 0
                for row in 0..<rowCount {
                    writeStart(position)
                    if let levels {
                        base.storeBytes(of: UInt8(levels.levels[row]), toByteOffset: position, as: UInt8.self)
                        position += 1
                        if levels.isNull(row) { continue }
                    }
                    let start = values.offsets[row]
                    let length = values.offsets[row + 1] - start
                    if prefix == 4 {
                        base.storeBytes(of: UInt32(length).littleEndian, toByteOffset: position, as: UInt32.self)
                    } else {
                        base.storeBytes(of: UInt64(length).littleEndian, toByteOffset: position, as: UInt64.self)
                    }
                    position += prefix
                    if length > 0, let source = source.baseAddress {
                        (base + position).copyMemory(from: source + start, byteCount: length)
                        position += length
                    }
                }
                writeStart(position)
            }
        }
        let index = ByteView(copying: starts.bytes, name: "row index")
        return fullZip(text.encoding, .bitsPerOffset(UInt32(text.bits)), [[records.view], [index]])
    }
}
