// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension ArrayDecoder {
    /// `dimension` items a row, one row after another: vectors.
    func decodeFixedSizeList(_ list: ProtoFixedSizeListArray, _ type: DataType, _ rows: Range<Int>, of total: Int)
        throws
        -> Column
    {
        guard case .fixedSizeList(let item, let length) = type, UInt32(exactly: length) == list.dimension else {
            throw mismatch("fixed-size list of \(list.dimension)", type)
        }
        let (start, startOverflow) = rows.lowerBound.multipliedReportingOverflow(by: length)
        let (end, endOverflow) = rows.upperBound.multipliedReportingOverflow(by: length)
        let (all, allOverflow) = total.multipliedReportingOverflow(by: length)
        guard !startOverflow, !endOverflow, !allOverflow else {
            throw mismatch("fixed-size list of \(list.dimension)", type)
        }
        let items = try decode(list.items, item, start..<end, of: all)
        return try Column(type, count: rows.count, storage: .fixedSizeList(items: items, length: length))
    }
}
