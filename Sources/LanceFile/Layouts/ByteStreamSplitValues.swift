// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// First the first byte of all values, then the second of all, and so on: what compresses floats better.
enum ByteStreamSplitValues {
    static func decode(_ split: ProtoByteStreamSplitValues, _ type: DataType, _ view: ByteView, _ count: Int) throws
        -> Column
    {
        guard case .flat(let flat) = split.values.compression, !flat.hasData else {
            throw LayoutDecoder.unsupported("ByteStreamSplit(\(EncodingSummary.text(split.values)))", type)
        }
        guard let width = type.byteWidth, UInt64(width) * 8 == flat.bitsPerValue else {
            throw LayoutDecoder.mismatch("split \(flat.bitsPerValue)-bit", type)
        }
        let size = try LayoutDecoder.made(count, width)
        let bytes = try view.slice(0, size, "split values")
        let values = Region(count: size, name: view.region.name) { target in
            bytes.withUnsafeBytes { source in
                for byte in 0..<width {
                    for value in 0..<count { target[value * width + byte] = source[byte * count + value] }
                }
            }
        }
        return try Column(type, count: count, storage: .fixed(values.view))
    }
}
