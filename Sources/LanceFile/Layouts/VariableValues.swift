// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Text and binary: where each value begins and ends, and the bytes.
enum VariableValues {
    /// In a chunk, offsets count from the chunk's own first byte.
    ///
    /// ```
    /// n + 1 offsets, u32 or u64 | bytes
    /// ```
    static func decode(_ variable: ProtoVariableValues, _ type: DataType, chunk view: ByteView, _ count: Int) throws
        -> Column
    {
        let width = try offsetWidth(variable, type)
        let offsets = try offsets(view, at: 0, width: width, count)
        return try Column(type, count: count, storage: .variable(offsets: offsets, data: view))
    }

    /// Where some of a chunk's values stand in it.
    static func spans(
        _ variable: ProtoVariableValues, _ type: DataType, chunk view: ByteView, _ count: Int, _ wanted: [Int]
    ) throws -> [Range<Int>] {
        let width = try offsetWidth(variable, type)
        return try wanted.map { index in
            guard index >= 0, index < count else { throw view.corrupt("value \(index) of a chunk of \(count)") }
            let (start, end): (UInt64, UInt64) =
                width == 4
                ? (
                    UInt64(try view.load(UInt32.self, at: index * 4)),
                    UInt64(try view.load(UInt32.self, at: index * 4 + 4))
                )
                : (try view.load(UInt64.self, at: index * 8), try view.load(UInt64.self, at: index * 8 + 8))
            guard start <= end, end <= UInt64(view.count) else {
                throw view.corrupt("a value from byte \(start) to \(end) of \(view.count)", at: index * width)
            }
            return Int(start)..<Int(end)
        }
    }

    /// In a dictionary, offsets count from the first of the bytes.
    ///
    /// ```
    /// u32 or u64: 32 or 64 | u32 or u64: where the bytes begin | n + 1 offsets | bytes
    /// ```
    static func decode(_ variable: ProtoVariableValues, _ type: DataType, block view: ByteView, _ count: Int) throws
        -> Column
    {
        let width = try offsetWidth(variable, type)
        let (bits, start) =
            width == 4
            ? (UInt64(try view.load(UInt32.self, at: 0)), UInt64(try view.load(UInt32.self, at: 4)))
            : (try view.load(UInt64.self, at: 0), try view.load(UInt64.self, at: 8))
        guard bits == UInt64(width) * 8, let start = Int(exactly: start), start <= view.count else {
            throw view.corrupt("\(bits)-bit offsets and bytes at \(start), expected \(width * 8)-bit offsets")
        }
        let offsets = try offsets(view, at: width * 2, width: width, count)
        let data = try view.slice(start, view.count - start)
        return try Column(type, count: count, storage: .variable(offsets: offsets, data: data))
    }

    private static func offsetWidth(_ variable: ProtoVariableValues, _ type: DataType) throws -> Int {
        guard type.isVariableLength else { throw LayoutDecoder.mismatch("variable", type) }
        guard !variable.hasValues, case .flat(let flat) = variable.offsets.compression, !flat.hasData,
            flat.bitsPerValue == 32 || flat.bitsPerValue == 64
        else { throw LayoutDecoder.unsupported("Variable(\(EncodingSummary.text(variable.offsets)))", type) }
        return Int(flat.bitsPerValue / 8)
    }

    private static func offsets(_ view: ByteView, at start: Int, width: Int, _ count: Int) throws -> [Int] {
        let (size, overflow) = (count + 1).multipliedReportingOverflow(by: width)
        guard !overflow else { throw view.corrupt("\(count) values") }
        let entries = try view.slice(start, size, "offsets of \(count) values")
        return try entries.withUnsafeBytes { raw in
            try (0...count).map { index in
                if width == 4 {
                    return Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
                }
                let entry = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
                guard let offset = Int(exactly: entry) else {
                    throw entries.corrupt("a value that begins at byte \(entry)", at: index * 8)
                }
                return offset
            }
        }
    }
}
