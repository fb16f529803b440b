// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Values of one width, one after another; booleans as single bits.
enum FlatValues {
    static func decode(_ flat: ProtoFlatValues, _ type: DataType, _ view: ByteView, _ count: Int) throws -> Column {
        guard !flat.hasData else { throw LayoutDecoder.unsupported("of flat values in a compressed buffer", type) }
        guard let bits = type.bitWidth, UInt64(bits) == flat.bitsPerValue else {
            throw LayoutDecoder.mismatch("flat \(flat.bitsPerValue)-bit", type)
        }
        if type == .bool { return try Column(.bool, count: count, storage: .bits(Bitmap(view, count: count))) }
        guard let width = type.byteWidth else { throw LayoutDecoder.mismatch("flat", type) }
        let (size, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow else { throw LayoutDecoder.mismatch("\(count) flat", type) }
        return try Column(type, count: count, storage: .fixed(view.slice(0, size, "flat values")))
    }
}
