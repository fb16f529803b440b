// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension ArrayDecoder {
    /// Text and binary: the end of each value, and the bytes.
    ///
    /// ```
    /// indices  n x u64: end of value i in the bytes (no leading 0); a null's is the end before it + null_adjustment
    /// bytes    values one after another; a null takes none
    /// ```
    /// Row i needs the entries i - 1 and i only.
    func decodeBinary(_ binary: ProtoBinaryArray, _ type: DataType, _ rows: Range<Int>, of total: Int) throws -> Column
    {
        guard type.isVariableLength else { throw mismatch("binary", type) }
        let first = max(rows.lowerBound - 1, 0)
        let indices = try decode(binary.indices, .uint64, first..<rows.upperBound, of: total)
        guard case .fixed(let entries) = indices.storage, indices.validity == nil else {
            throw Failure(.corrupt, "a binary array whose offsets have nulls")
        }
        let adjustment = binary.nullAdjustment
        var offsets: [Int] = []
        offsets.reserveCapacity(rows.count + 1)
        if rows.lowerBound == 0 { offsets.append(0) }
        let skipped = rows.lowerBound - first
        var hasNulls = false
        try entries.withUnsafeBytes { raw in
            for row in 0..<indices.count {
                let entry = raw.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self)
                let isNull = entry >= adjustment
                guard let end = Int(exactly: isNull ? entry - adjustment : entry) else {
                    throw entries.corrupt("a value that ends at byte \(entry)", at: row * 8)
                }
                offsets.append(end)
                hasNulls = hasNulls || isNull
            }
        }
        let all = try binaryBytes(binary, of: total)
        let bytes: ByteView
        if let stored = all.inMemory {
            bytes = stored
        } else {
            // Of what is elsewhere, no more than these rows have.
            let (start, end) = (offsets.first ?? 0, offsets.last ?? 0)
            bytes = try all.bytes(start, max(end - start, 0), "values")
            offsets = offsets.map { $0 - start }
        }
        return try Column(
            type, count: rows.count,
            validity: hasNulls ? Self.validity(entries, skipped..<indices.count, adjustment) : nil,
            storage: .variable(offsets: offsets, data: bytes))
    }

    /// Values by their numbers, which ascend; nil where the bytes are compressed.
    func takeBinary(_ binary: ProtoBinaryArray, _ type: DataType, _ rows: [Int], of total: Int) throws -> Column? {
        guard type.isVariableLength, let last = rows.last,
            case .flat(let flat) = Self.unwrapped(binary.bytes).array, flat.bitsPerValue == 8, !flat.hasCompression,
            case .flat = Self.unwrapped(binary.indices).array
        else { return nil }
        let indices = try decode(binary.indices, .uint64, 0..<last + 1, of: total)
        guard case .fixed(let entries) = indices.storage, indices.validity == nil else { return nil }
        guard let data = try buffer(flat.buffer).inMemory else { return nil }
        var spans: [Range<Int>] = []
        spans.reserveCapacity(rows.count)
        var nulls: [Bool]?
        for row in rows {
            let entry = try entries.load(UInt64.self, at: row * 8)
            let before = row == 0 ? 0 : try entries.load(UInt64.self, at: row * 8 - 8)
            let isNull = entry >= binary.nullAdjustment
            let start = before >= binary.nullAdjustment ? before - binary.nullAdjustment : before
            let end = isNull ? start : entry
            guard start <= end, end <= UInt64(data.count) else {
                throw entries.corrupt("a value from byte \(start) to \(end) of \(data.count)", at: row * 8)
            }
            if isNull, nulls == nil { nulls = Array(repeating: true, count: spans.count) }
            nulls?.append(!isNull)
            spans.append(Int(start)..<Int(end))
        }
        return try Column(
            type, count: rows.count, validity: nulls.map { Bitmap($0) }, storage: FullZipValues.joined(data, spans))
    }

    private static func validity(_ entries: ByteView, _ rows: Range<Int>, _ adjustment: UInt64) -> Bitmap {
        entries.withUnsafeBytes { raw in
            Bitmap(rows.map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) < adjustment })
        }
    }

    private func binaryBytes(_ binary: ProtoBinaryArray, of total: Int) throws -> FileView {
        guard case .flat(let flat) = Self.unwrapped(binary.bytes).array, flat.bitsPerValue == 8 else {
            throw Failure(
                .unsupported, "a binary array whose bytes are \(EncodingSummary.text(binary.bytes)) is not supported")
        }
        let stored = try buffer(flat.buffer)
        guard flat.hasCompression else { return stored }
        // The last of all the offsets tells how much there can be.
        let last = try decode(binary.indices, .uint64, max(total - 1, 0)..<total, of: total)
        guard case .fixed(let entry) = last.storage, last.count == 1 else { return .empty }
        let raw = try entry.load(UInt64.self, at: 0)
        let end = raw >= binary.nullAdjustment ? raw - binary.nullAdjustment : raw
        guard let limit = Int(exactly: end) else { throw entry.corrupt("a value that ends at byte \(end)") }
        return FileView(try BufferCodec.inflate(stored.bytes(), scheme: flat.compression.scheme, limit: limit))
    }

    /// The array below a `nullable` that says there are no nulls.
    private static func unwrapped(_ encoding: ProtoArrayEncoding) -> ProtoArrayEncoding {
        if case .nullable(let nullable) = encoding.array, case .noNulls(let values) = nullable.nullability {
            return values.values
        }
        return encoding
    }
}
