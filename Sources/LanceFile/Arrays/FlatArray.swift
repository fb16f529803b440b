// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension ArrayDecoder {
    /// Values of one width, one after another; booleans as single bits.
    func decodeFlat(_ flat: ProtoFlatArray, _ type: DataType, _ rows: Range<Int>, of total: Int) throws -> Column {
        guard let bits = type.bitWidth, UInt64(bits) == flat.bitsPerValue else {
            throw mismatch("flat \(flat.bitsPerValue)-bit", type)
        }
        let view = try flatBytes(flat, of: total)
        if type == .bool {
            // Whole bytes; the bits before the first row are among them.
            let first = rows.lowerBound / 8 * 8
            let end = rows.upperBound / 8 + (rows.upperBound % 8).signum()
            let part = try view.bytes(first / 8, end - first / 8, "bits")
            let bits = try Bitmap(part, count: rows.upperBound - first)
            return try Column(
                .bool, count: rows.count, storage: .bits(bits.slice(rows.lowerBound - first..<rows.upperBound - first)))
        }
        guard let width = type.byteWidth else { throw mismatch("flat", type) }
        let (start, startOverflow) = rows.lowerBound.multipliedReportingOverflow(by: width)
        let (length, lengthOverflow) = rows.count.multipliedReportingOverflow(by: width)
        guard !startOverflow, !lengthOverflow else { throw mismatch("flat", type) }
        return try Column(type, count: rows.count, storage: .fixed(view.bytes(start, length, "flat values")))
    }

    /// The buffer of a flat array, inflated where it is compressed.
    private func flatBytes(_ flat: ProtoFlatArray, of total: Int) throws -> FileView {
        let stored = try buffer(flat.buffer)
        guard flat.hasCompression else { return stored }
        let (bits, overflow) = UInt64(total).multipliedReportingOverflow(by: flat.bitsPerValue)
        guard !overflow, let limit = Int(exactly: bits / 8 + 1) else {
            throw Failure(.corrupt, "\(total) values of \(flat.bitsPerValue) bits")
        }
        return FileView(try BufferCodec.inflate(stored.bytes(), scheme: flat.compression.scheme, limit: limit))
    }
}
