// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// A fixed number of items a value, one value after another.
enum FixedSizeListValues {
    static func decode(_ list: ProtoFixedSizeListValues, _ type: DataType, _ buffers: [ByteView], _ count: Int) throws
        -> Column
    {
        guard case .fixedSizeList(let item, let length) = type, UInt64(length) == list.itemsPerValue else {
            throw LayoutDecoder.mismatch("fixed-size lists of \(list.itemsPerValue)", type)
        }
        // The items' validity would be a buffer before theirs.
        guard !list.hasValidity_p else { throw LayoutDecoder.unsupported("of lists whose items can be null", type) }
        let (items, overflow) = count.multipliedReportingOverflow(by: length)
        guard !overflow else { throw LayoutDecoder.mismatch("\(count) fixed-size lists of \(length)", type) }
        let values = try MiniBlockValues.decode(list.values, item, buffers, count: items)
        return try Column(type, count: count, storage: .fixedSizeList(items: values, length: length))
    }
}
