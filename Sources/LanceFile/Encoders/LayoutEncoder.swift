// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceProto
import SwiftProtobuf

/// Writes pages of file versions 2.1 and 2.2, each value encoding in a file of its own.
///
/// | column | layout |
/// |---|---|
/// | nothing but nulls | constant, without buffers |
/// | the same value in all rows (2.2) | constant |
/// | numbers, dates, times, decimals, bool | mini-block: flat, bit-packed, runs or dictionary, the smallest |
/// | vectors and binary values of 256 bytes and more | full-zip: as in memory, where no row is null |
/// | smaller vectors | mini-block |
/// | text and binary of less than 256 bytes a value | mini-block: plain, with a symbol table, or dictionary |
/// | longer text and binary | full-zip: plain, with a symbol table, or each value compressed; or dictionary |
struct LayoutEncoder {
    let version: FileVersion
    let rowCount: Int
    /// Nil where no row is null.
    let levels: EncodedLevels?

    /// Values of fewer bytes share chunks.
    static let leastFullZipBytes = 256

    /// One page of all rows of `columns`, which stand one after another and have one type.
    static func page(_ columns: [Column], type: DataType, version: FileVersion) throws -> EncodedPage {
        let rows = columns.reduce(0) { $0 + $1.count }
        let encoder = LayoutEncoder(version: version, rowCount: rows, levels: EncodedLevels(columns))
        let (layout, buffers) = try encoder.encode(columns, type)
        return EncodedPage(encoding: .layout(layout), buffers: buffers, rowCount: rows)
    }

    typealias Parts = (layout: ProtoPageLayout, buffers: [[ByteView]])

    private func encode(_ columns: [Column], _ type: DataType) throws -> Parts {
        if levels?.nullCount == rowCount { return allNull() }
        if type.isVariableLength { return try encodeText(TextValues(columns, levels), type) }
        switch type {
        case .bool: return try encodeBits(columns)
        case .fixedSizeList(let item, let length): return try encodeLists(columns, item, length)
        default:
            guard let width = type.byteWidth, width > 0 else {
                throw Failure(
                    .unsupported, "a column of \(type) cannot be stored in a file of version \(version.rawValue)")
            }
            return try encodeFixed(FixedValues(columns, width: width, levels))
        }
    }

    /// The one layer of every page.
    var layers: [ProtoLayerKind] { [levels == nil ? .layerAllValidItem : .layerNullableItem] }

    /// Whether a page of one value for all rows, or all that are not null, is best to say just that: the levels of more
    /// rows are smaller in a mini-block page.
    var takesConstants: Bool { version >= .v2_2 && (levels == nil || rowCount <= 64) }

    var overhead: ChunkOverhead { ChunkOverhead(hasLevels: levels != nil, isLarge: version >= .v2_2) }

    // MARK: Constant

    private func allNull() -> Parts {
        (.with { $0.constant.layers = [.layerNullableItem] }, [])
    }

    /// One value for all rows, in the message or in a buffer.
    ///
    /// Official readers take the levels of such a page only as they are, of two bytes a row.
    func constant(inline: [UInt8]?, buffer: [UInt8]?) -> Parts {
        let layout = ProtoPageLayout.with { layout in
            layout.constant.layers = layers
            if let inline { layout.constant.inlineValue = .init(inline) }
        }
        var buffers = buffer.map { [[ByteView(copying: $0, name: "value")]] } ?? []
        if let levels {
            var writer = ByteWriter()
            writer.write(elements: levels.levels)
            // Repetition comes first, and there is none.
            buffers += [[], [ByteView(copying: writer.bytes, name: "levels")]]
        }
        return (layout, buffers)
    }

    // MARK: Mini-block

    /// ```
    /// buffer 0  a word a chunk, u16 or (2.2) u32: its size in 8-byte units, minus 1 << 4 | log2 of its values
    /// buffer 1  chunks: u16 levels | u16 bytes of levels, if there are any | u16 or (2.2) u32 bytes of each buffer
    ///                   pad to 8 | levels | pad to 8 | buffer | pad to 8 | …
    /// buffer 2  the dictionary, if there is one
    /// ```
    func miniBlock(_ values: EncodedChunks, dictionary: EncodedDictionary? = nil) throws -> Parts {
        var levels = levels
        let isLarge = version >= .v2_2
        var ranges: [Range<Int>] = []
        var row = 0
        for chunk in values.chunks {
            ranges.append(row..<row + chunk.count)
            row += chunk.count
        }
        levels?.choose(ranges, version: version)
        let definitions = levels.map { levels in ranges.map { levels.bytes($0) } }
        let header = overhead.header(buffers: values.buffersPerChunk)
        let sizes = values.chunks.indices.map { index in
            values.chunks[index].sizes.reduce(header + ChunkOverhead.padded(definitions?[index].count ?? 0)) {
                $0 + ChunkOverhead.padded($1)
            }
        }
        var words = ByteWriter(reserving: ranges.count * (isLarge ? 4 : 2))
        for (index, size) in sizes.enumerated() {
            guard size <= EncodedChunks.mostBytes else {
                throw Failure(.unsupported, "values that make a chunk of \(size) bytes; use file version 2.0")
            }
            let isLast = index == sizes.count - 1
            let logarithm = isLast ? 0 : values.chunks[index].count.trailingZeroBitCount
            let word = UInt32(size / 8 - 1) << 4 | UInt32(logarithm)
            if isLarge { words.write(word) } else { words.write(UInt16(word)) }
        }
        let chunks = Region(count: sizes.reduce(0, +), name: "chunks") { target in
            values.withBytes { write(values.chunks, $0, definitions, header, into: target) }
        }
        let layout = ProtoPageLayout.with { layout in
            layout.miniBlock.valueCompression = values.encoding
            layout.miniBlock.layers = layers
            layout.miniBlock.numBuffers = UInt64(values.buffersPerChunk)
            layout.miniBlock.numItems = UInt64(rowCount)
            layout.miniBlock.hasLargeChunk_p = isLarge
            if let levels { layout.miniBlock.defCompression = levels.encoding }
            if let dictionary {
                layout.miniBlock.dictionary = dictionary.encoding
                layout.miniBlock.numDictionaryItems = UInt64(dictionary.count)
            }
        }
        var buffers = [[ByteView(copying: words.bytes, name: "words")], [chunks.view]]
        if let dictionary { buffers.append([ByteView(copying: dictionary.bytes, name: "dictionary")]) }
        return (layout, buffers)
    }

    /// `target` has room for exactly these chunks.
    private func write(
        _ chunks: [EncodedChunks.Chunk], _ source: UnsafeRawBufferPointer, _ definitions: [[UInt8]]?, _ header: Int,
        into target: UnsafeMutableRawBufferPointer
    ) {
        var position = 0
        var taken = 0
        func copy(_ bytes: UnsafeRawBufferPointer) {
            let end = position + bytes.count
            UnsafeMutableRawBufferPointer(rebasing: target[position..<end]).copyMemory(from: bytes)
            let padded = ChunkOverhead.padded(end)
            for index in end..<padded { target[index] = 0 }
            position = padded
        }
        for (index, chunk) in chunks.enumerated() {
            var head = ByteWriter(reserving: header)
            head.write(UInt16(definitions == nil ? 0 : chunk.count))
            if let definitions { head.write(UInt16(definitions[index].count)) }
            for size in chunk.sizes {
                if overhead.isLarge { head.write(UInt32(size)) } else { head.write(UInt16(size)) }
            }
            head.bytes.withUnsafeBytes { copy($0) }
            definitions?[index].withUnsafeBytes { copy($0) }
            for size in chunk.sizes {
                copy(UnsafeRawBufferPointer(rebasing: source[taken..<taken + size]))
                taken += size
            }
        }
    }

    // MARK: Full-zip

    func fullZip(
        _ values: ProtoCompressiveEncoding, _ width: ProtoFullZipLayout.OneOf_Width, _ buffers: [[ByteView]]
    ) -> Parts {
        let layout = ProtoPageLayout.with { layout in
            layout.fullZip.bitsDef = levels == nil ? 0 : 1
            layout.fullZip.width = width
            layout.fullZip.numItems = UInt32(rowCount)
            layout.fullZip.numVisibleItems = UInt32(rowCount)
            layout.fullZip.valueCompression = values
            layout.fullZip.layers = layers
        }
        return (layout, buffers)
    }
}
