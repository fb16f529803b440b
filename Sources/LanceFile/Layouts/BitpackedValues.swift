// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Integers of fewer bits than their type has; floats by their bits.
enum BitpackedValues {
    /// Up to 1,024 values behind their width, which is one value of the type.
    static func decode(_ packing: ProtoInlineBitpacking, _ type: DataType, _ view: ByteView, _ count: Int) throws
        -> Column
    {
        guard !packing.hasValues else { throw LayoutDecoder.unsupported("InlineBP in a compressed buffer", type) }
        guard count <= FastLanes.count else { throw view.corrupt("a packed chunk of \(count) values") }
        switch try byteWidth(packing.uncompressedBitsPerValue, type) {
        case 1: return try inline(type, view, view.load(UInt8.self, at: 0), count)
        case 2: return try inline(type, view, view.load(UInt16.self, at: 0), count)
        case 4: return try inline(type, view, view.load(UInt32.self, at: 0), count)
        default: return try inline(type, view, view.load(UInt64.self, at: 0), count)
        }
    }

    /// Full chunks of 1,024, and then the rest: as it is where that gives the right size, else one more chunk.
    static func decode(_ packing: ProtoOutOfLineBitpacking, _ type: DataType, _ view: ByteView, _ count: Int) throws
        -> Column
    {
        guard case .flat(let flat) = packing.values.compression, !flat.hasData else {
            throw LayoutDecoder.unsupported("OutBP(\(EncodingSummary.text(packing.values)))", type)
        }
        let byteWidth = try byteWidth(packing.uncompressedBitsPerValue, type)
        guard let width = Int(exactly: flat.bitsPerValue), width <= byteWidth * 8 else {
            throw view.corrupt("values of \(byteWidth * 8) bits packed to \(flat.bitsPerValue)")
        }
        switch byteWidth {
        case 1: return try outOfLine(type, view, UInt8.self, width, count)
        case 2: return try outOfLine(type, view, UInt16.self, width, count)
        case 4: return try outOfLine(type, view, UInt32.self, width, count)
        default: return try outOfLine(type, view, UInt64.self, width, count)
        }
    }

    private static func byteWidth(_ bits: UInt64, _ type: DataType) throws -> Int {
        guard let width = type.byteWidth, UInt64(width) * 8 == bits, [1, 2, 4, 8].contains(width) else {
            throw LayoutDecoder.mismatch("packed \(bits)-bit", type)
        }
        return width
    }

    private static func inline<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: DataType, _ view: ByteView, _ header: T, _ count: Int
    ) throws -> Column {
        guard header <= T(T.bitWidth) else { throw view.corrupt("\(T.bitWidth)-bit values packed to \(header) bits") }
        let width = Int(header)
        let packed = try view.slice(MemoryLayout<T>.size, FastLanes.byteCount(width: width), "packed values")
        return try column(type, packed, T.self, width, chunks: 1, tail: .empty, count)
    }

    private static func outOfLine<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: DataType, _ view: ByteView, _: T.Type, _ width: Int, _ count: Int
    ) throws -> Column {
        _ = try LayoutDecoder.made(count, MemoryLayout<T>.size)
        let (whole, rest) = count.quotientAndRemainder(dividingBy: FastLanes.count)
        let (size, overflow) = whole.multipliedReportingOverflow(by: FastLanes.byteCount(width: width))
        guard !overflow else { throw view.corrupt("\(count) packed values") }
        let packed = try view.slice(0, size, "packed values")
        let tail = try view.slice(size, view.count - size)
        if rest == 0 { return try column(type, packed, T.self, width, chunks: whole, tail: .empty, count) }
        if width > 0, tail.count == rest * MemoryLayout<T>.size {
            return try column(type, packed, T.self, width, chunks: whole, tail: tail, count)
        }
        let all = try view.slice(0, size + FastLanes.byteCount(width: width), "packed values")
        return try column(type, all, T.self, width, chunks: whole + 1, tail: .empty, count)
    }

    /// The first `count` of the values in `chunks` packed chunks and then in `tail`.
    private static func column<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: DataType, _ packed: ByteView, _: T.Type, _ width: Int, chunks: Int, tail: ByteView, _ count: Int
    ) throws -> Column {
        // The last chunk is unpacked whole too.
        let unpacked = try LayoutDecoder.made(chunks * FastLanes.count, MemoryLayout<T>.size)
        let chunkSize = FastLanes.byteCount(width: width)
        let region = Region(count: unpacked + tail.count, name: packed.region.name) { target in
            guard let base = target.baseAddress else { return }
            packed.withUnsafeBytes { source in
                guard let source = source.baseAddress else { return }
                let values = base.assumingMemoryBound(to: T.self)
                for chunk in 0..<chunks {
                    FastLanes.unpack(source + chunk * chunkSize, width: width, into: values + chunk * FastLanes.count)
                }
            }
            tail.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: target[unpacked...]).copyMemory(from: $0) }
        }
        let values = try region.view.slice(0, LayoutDecoder.made(count, MemoryLayout<T>.size))
        return try Column(type, count: count, storage: .fixed(values))
    }
}
