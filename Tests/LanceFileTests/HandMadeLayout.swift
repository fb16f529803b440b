// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceFile
import LanceProto
import SwiftProtobuf
import TestSupport

/// Shorthand for pages of file versions 2.1 and 2.2 that say what a test wants.
extension HandMadeFile {
    /// One page of all the rows.
    init(_ logicalType: String, rows: UInt64, layout: ProtoPageLayout, _ buffers: [[UInt8]] = []) {
        self.init(logicalType, rows: rows, .allNulls, buffers)
        version = [2, 2]
        adjust = { metadata in
            // A message of ours is always serialised.
            if let encoding = try? HandMadeFile.direct(layout, "/lance.encodings21.PageLayout") {
                metadata.pages[0].encoding = encoding
            }
        }
    }

    /// One page of one chunk with the value buffers given.
    init(
        _ logicalType: String, chunkOf rows: UInt64, _ values: ProtoCompressiveEncoding, _ buffers: [[UInt8]],
        definition: (ProtoCompressiveEncoding, [UInt8])? = nil, dictionary: (ProtoCompressiveEncoding, [UInt8])? = nil,
        items: UInt64 = 0, change: (inout ProtoMiniBlockLayout) -> Void = { _ in }
    ) {
        let layout = ProtoPageLayout.with {
            $0.miniBlock.valueCompression = values
            $0.miniBlock.numBuffers = UInt64(buffers.count)
            $0.miniBlock.numItems = rows
            $0.miniBlock.layers = [definition == nil ? .layerAllValidItem : .layerNullableItem]
            $0.miniBlock.hasLargeChunk_p = true
            if let definition { $0.miniBlock.defCompression = definition.0 }
            if let dictionary {
                $0.miniBlock.dictionary = dictionary.0
                $0.miniBlock.numDictionaryItems = items
            }
            change(&$0.miniBlock)
        }
        let chunk = Self.chunk(rows, buffers, definition: definition?.1)
        var word = ByteWriter()
        word.write(UInt32(clamping: (chunk.count / 8 - 1) << 4))
        self.init(
            logicalType, rows: rows, layout: layout, [word.bytes, chunk] + (dictionary.map { [$0.1] } ?? []))
    }

    static func chunk(_ rows: UInt64, _ buffers: [[UInt8]], definition: [UInt8]? = nil) -> [UInt8] {
        var chunk = ByteWriter()
        chunk.write(UInt16(definition == nil ? 0 : UInt16(truncatingIfNeeded: rows)))
        if let definition { chunk.write(UInt16(definition.count)) }
        for buffer in buffers { chunk.write(UInt32(buffer.count)) }
        chunk.pad(toMultipleOf: 8, with: 0xfe)
        for buffer in (definition.map { [$0] } ?? []) + buffers {
            chunk.write(buffer)
            chunk.pad(toMultipleOf: 8, with: 0xfe)
        }
        return chunk.bytes
    }
}

extension ProtoCompressiveEncoding {
    static func flat(_ bits: UInt64) -> Self { .with { $0.flat.bitsPerValue = bits } }
    static func packed(_ bits: UInt64) -> Self { .with { $0.inlineBitpacking.uncompressedBitsPerValue = bits } }
    static func variable(_ bits: UInt64) -> Self { .with { $0.variable.offsets = .flat(bits) } }
    static func packed(_ bits: UInt64, to width: UInt64) -> Self {
        .with {
            $0.outOfLineBitpacking.uncompressedBitsPerValue = bits
            $0.outOfLineBitpacking.values = .flat(width)
        }
    }
    static func runs(_ bits: UInt64, lengths: UInt64 = 8) -> Self {
        .with {
            $0.rle.values = .flat(bits)
            $0.rle.runLengths = .flat(lengths)
        }
    }
    static func list(_ count: UInt64, _ values: Self, hasValidity: Bool = false) -> Self {
        .with {
            $0.fixedSizeList.itemsPerValue = count
            $0.fixedSizeList.values = values
            $0.fixedSizeList.hasValidity_p = hasValidity
        }
    }
    static func general(_ scheme: ProtoCompressionScheme, _ values: Self) -> Self {
        .with {
            $0.general.compression.scheme = scheme
            $0.general.values = values
        }
    }
}
