// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto
import SwiftProtobuf

/// Fixed-size lists of flat items: vectors.
extension LayoutEncoder {
    func encodeLists(_ columns: [Column], _ item: DataType, _ length: Int) throws -> Parts {
        guard let itemBits = item.bitWidth, length > 0 else {
            throw Failure(.unsupported, "a column of lists of \(length) \(item) cannot be stored")
        }
        var lists: [Column] = []
        for case .fixedSizeList(let items, _) in columns.map(\.storage) { lists.append(items) }
        let validity = itemValidity(lists, length)
        let encoding = ProtoCompressiveEncoding.with {
            $0.fixedSizeList.itemsPerValue = UInt64(length)
            $0.fixedSizeList.values.flat.bitsPerValue = UInt64(itemBits)
            $0.fixedSizeList.hasValidity_p = validity != nil
        }
        let rowBits = itemBits * length
        // Records are of whole bytes, and official readers find validity in front of items of whole bytes only.
        if rowBits >= Self.leastFullZipBytes * 8, item != .bool {
            var pieces: [ByteView] = []
            for case .fixed(let view) in lists.map(\.storage) { pieces.append(view) }
            guard let validity else { return zipped(encoding, pieces, width: rowBits / 8) }
            let (records, width) = records(pieces, validity, length, width: rowBits / 8)
            return zipped(encoding, [records], width: width)
        }
        return try miniBlock(chunks(lists, encoding, validity, length, itemBits))
    }

    /// Which items are there, where some of a row that is itself there are not.
    private func itemValidity(_ lists: [Column], _ length: Int) -> Bitmap? {
        guard lists.contains(where: { $0.nullCount > 0 }) else { return nil }
        var bits = BitmapBuilder()
        var row = 0
        for items in lists {
            guard let validity = items.validity else {
                bits.append(repeating: true, count: items.count)
                row += items.count / length
                continue
            }
            for first in stride(from: 0, to: items.count, by: length) {
                if levels?.isNull(row) ?? false {
                    bits.append(repeating: true, count: length)
                } else {
                    for index in first..<first + length { bits.append(validity[index]) }
                }
                row += 1
            }
        }
        return bits.zeros > 0 ? bits.finish() : nil
    }

    /// Each row's items behind a bit for each of them.
    private func records(_ pieces: [ByteView], _ validity: Bitmap, _ length: Int, width: Int) -> (ByteView, Int) {
        let bitmapBytes = (length + 7) / 8
        let total = bitmapBytes + width
        let region = Region(count: rowCount * total, name: "records") { target in
            guard let base = target.baseAddress else { return }
            var row = 0
            for piece in pieces {
                piece.withUnsafeBytes { source in
                    guard let source = source.baseAddress else { return }
                    for index in 0..<piece.count / width {
                        let bits = validity.slice(row * length..<(row + 1) * length).packed
                        bits.withUnsafeBytes { bits in
                            UnsafeMutableRawBufferPointer(start: base + row * total, count: bitmapBytes)
                                .copyMemory(from: bits)
                        }
                        (base + row * total + bitmapBytes).copyMemory(from: source + index * width, byteCount: width)
                        row += 1
                    }
                }
            }
        }
        return (region.view, total)
    }

    private func chunks(
        _ lists: [Column], _ encoding: ProtoCompressiveEncoding, _ validity: Bitmap?, _ length: Int, _ itemBits: Int
    ) throws -> EncodedChunks {
        var result = EncodedChunks(encoding)
        let rowBits = itemBits * length
        // Two rows at the least: a chunk that says it holds one says nothing.
        let usual = max(EncodedChunks.usualCount(bits: rowBits), 2)
        let data: ByteView
        if itemBits == 1 {
            var bits = BitmapBuilder()
            for case .bits(let more) in lists.map(\.storage) { bits.append(more) }
            data = ByteView(copying: bits.finish().packed, name: "bits")
        } else {
            var pieces: [ByteView] = []
            for case .fixed(let view) in lists.map(\.storage) { pieces.append(view) }
            data = FixedValues(joining: pieces, width: itemBits / 8).bytes
        }
        if itemBits > 1, validity == nil { result.whole = data }
        for start in stride(from: 0, to: rowCount, by: usual) {
            let rows = start..<min(start + usual, rowCount)
            var sizes: [Int] = []
            if let validity {
                let bits = validity.slice(rows.lowerBound * length..<rows.upperBound * length).packed
                result.bytes.write(bits)
                sizes.append(bits.count)
            }
            if itemBits == 1 {
                // Chunks of bits begin at a byte's first bit, whatever the length of a row.
                let bits = try Bitmap(data, bitOffset: rows.lowerBound * length, count: rows.count * length).packed
                result.bytes.write(bits)
                sizes.append(bits.count)
            } else {
                let part = try data.slice(rows.lowerBound * rowBits / 8, rows.count * rowBits / 8)
                if result.whole == nil { result.bytes.write(part) }
                sizes.append(part.count)
            }
            result.chunks.append(.init(count: rows.count, sizes: sizes))
        }
        return result
    }
}
