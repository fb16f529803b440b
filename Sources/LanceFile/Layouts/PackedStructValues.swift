// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Members of a struct side by side, row after row.
enum PackedStructValues {
    static func decode(_ packed: ProtoPackedStructValues, _ type: DataType, _ view: ByteView, _ count: Int) throws
        -> Column
    {
        guard case .flat(let flat) = packed.values.compression, !flat.hasData else {
            throw LayoutDecoder.unsupported("PackedStruct(\(EncodingSummary.text(packed.values)))", type)
        }
        let records = try PackedRecords(type)
        guard packed.bitsPerValue == records.widths.map({ UInt64($0) * 8 }) else {
            throw LayoutDecoder.mismatch("packed \(packed.bitsPerValue)-bit", type)
        }
        return try records.columns(of: view.slice(0, LayoutDecoder.made(count, records.width)), count: count)
    }
}
