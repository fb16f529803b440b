// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto
import SwiftProtobuf

extension LayoutEncoder {
    /// Constants of more bytes are no part of the message.
    private static let mostInlineBytes = 32

    func encodeFixed(_ values: FixedValues) throws -> Parts {
        if takesConstants, values.width <= Self.mostInlineBytes, let value = values.onlyValue {
            return constant(inline: value, buffer: nil)
        }
        if values.width >= Self.leastFullZipBytes {
            let encoding = ProtoCompressiveEncoding.with { $0.flat.bitsPerValue = UInt64(values.width * 8) }
            return zipped(encoding, [values.bytes], width: values.width)
        }
        let numbers = NumberEncoder(values, overhead)
        // Words of up to four bytes are small enough with the bits that they need.
        if values.width >= 8, let distinct = DistinctValues(values, below: numbers.size / 2) {
            let indices = NumberEncoder(distinct.indices, overhead)
            let dictionary = EncodedDictionary(distinct, version: version)
            if indices.size + dictionary.size < numbers.size {
                return try miniBlock(indices.encode(), dictionary: dictionary)
            }
        }
        return try miniBlock(numbers.encode())
    }

    func encodeBits(_ columns: [Column]) throws -> Parts {
        var builder = BitmapBuilder()
        for case .bits(let more) in columns.map(\.storage) { builder.append(more) }
        let bits = builder.finish()
        if takesConstants, let only = onlyBit(bits) { return constant(inline: [only ? 1 : 0], buffer: nil) }
        var chunks = EncodedChunks(.with { $0.flat.bitsPerValue = 1 })
        chunks.cutFlat(ByteView(copying: bits.packed), bits: 1, count: rowCount)
        return try miniBlock(chunks)
    }

    /// What all rows say that are not null, if it is the same.
    private func onlyBit(_ bits: Bitmap) -> Bool? {
        guard let levels else { return bits.zeros == 0 ? true : bits.ones == 0 ? false : nil }
        let present = (0..<rowCount).filter { !levels.isNull($0) }.map { bits[$0] }
        return present.allSatisfy { $0 == present.first } ? present.first : nil
    }

    /// Records of `width` bytes, behind a byte each that says whether they are null, where any is.
    func zipped(_ encoding: ProtoCompressiveEncoding, _ pieces: [ByteView], width: Int) -> Parts {
        let bits = ProtoFullZipLayout.OneOf_Width.bitsPerValue(UInt32(width * 8))
        guard let levels else { return fullZip(encoding, bits, [pieces]) }
        let records = Region(count: rowCount * (width + 1), name: "records") { target in
            guard let base = target.baseAddress else { return }
            var row = 0
            for piece in pieces {
                piece.withUnsafeBytes { source in
                    guard let source = source.baseAddress else { return }
                    for index in 0..<piece.count / width {
                        let record = base + row * (width + 1)
                        record.storeBytes(of: levels.isNull(row) ? 1 : 0, as: UInt8.self)
                        (record + 1).copyMemory(from: source + index * width, byteCount: width)
                        row += 1
                    }
                }
            }
        }
        return fullZip(encoding, bits, [[records.view]])
    }
}

extension EncodedChunks {
    /// All `count` values of `bits` bits, as they are.
    mutating func cutFlat(_ view: ByteView, bits: Int, count: Int) {
        let usual = EncodedChunks.usualCount(bits: bits)
        for start in stride(from: 0, to: count, by: usual) {
            let values = min(usual, count - start)
            chunks.append(Chunk(count: values, sizes: [(values * bits + 7) / 8]))
        }
        whole = view
    }
}
