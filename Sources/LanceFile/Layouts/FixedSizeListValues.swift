// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// A fixed number of items a value, one value after another.
///
/// Where items can be null, a buffer with a bit an item stands before theirs.
enum FixedSizeListValues {
    static func decode(
        _ list: ProtoFixedSizeListValues, _ type: DataType, _ buffers: [ByteView], _ count: Int, _ cache: PageCache
    ) throws -> Column {
        guard case .fixedSizeList(let item, let length) = type, UInt64(length) == list.itemsPerValue else {
            throw LayoutDecoder.mismatch("fixed-size lists of \(list.itemsPerValue)", type)
        }
        let (items, overflow) = count.multipliedReportingOverflow(by: length)
        guard !overflow, let first = buffers.first else {
            throw LayoutDecoder.mismatch("\(count) fixed-size lists of \(length)", type)
        }
        let rest = list.hasValidity_p ? Array(buffers.dropFirst()) : buffers
        var values = try MiniBlockValues.decode(list.values, item, rest, count: items, cache: cache)
        if list.hasValidity_p {
            values = try Column(
                item, count: items, validity: Bitmap(first, count: items), storage: values.storage)
        }
        return try Column(type, count: count, storage: .fixedSizeList(items: values, length: length))
    }
}
