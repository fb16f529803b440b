// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension ArrayDecoder {
    /// Members of a struct side by side, row after row.
    func decodePackedStruct(_ packed: ProtoPackedStructArray, _ type: DataType, _ rows: Range<Int>, of total: Int)
        throws -> Column
    {
        let records = try PackedRecords(type)
        let view = try buffer(packed.buffer)
        let (start, startOverflow) = rows.lowerBound.multipliedReportingOverflow(by: records.width)
        let (length, lengthOverflow) = rows.count.multipliedReportingOverflow(by: records.width)
        guard !startOverflow, !lengthOverflow else { throw mismatch("packed struct", type) }
        return try records.columns(of: view.bytes(start, length, "packed rows"), count: rows.count)
    }
}
