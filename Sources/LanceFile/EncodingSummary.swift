// SPDX-License-Identifier: Apache-2.0
package import LanceProto
import SwiftProtobuf

/// A page's encoding in one line, for messages and for looking at files.
package enum EncodingSummary {
    package static func text(_ encoding: Page.Encoding) -> String {
        switch encoding {
        case .array(let array): text(array)
        case .layout(let layout): text(layout)
        case .unknown(let url): url
        }
    }

    // MARK: 2.0

    package static func text(_ encoding: ProtoArrayEncoding) -> String {
        switch encoding.array {
        case .flat(let flat): "Flat\(flat.bitsPerValue)" + (flat.hasCompression ? "+\(flat.compression.scheme)" : "")
        case .nullable(let nullable):
            switch nullable.nullability {
            case .noNulls(let values): "NoNull(\(text(values.values)))"
            case .someNulls(let both): "SomeNull(\(text(both.validity)), \(text(both.values)))"
            case .allNulls: "AllNull"
            case nil: "Nullable(?)"
            }
        case .fixedSizeList(let list): "FSL(\(list.dimension), \(text(list.items)))"
        case .list(let list): "List(\(text(list.offsets)))"
        case .struct: "Struct"
        case .binary(let binary): "Binary(\(text(binary.indices)), \(text(binary.bytes)))"
        case .dictionary(let dictionary):
            "Dict(\(text(dictionary.indices)), \(dictionary.numDictionaryItems) x \(text(dictionary.items)))"
        case .fsst(let fsst): "Fsst(\(text(fsst.binary)))"
        case .packedStruct(let packed): "PackedStruct(\(packed.inner.map(text).joined(separator: ", ")))"
        case .bitpacked(let packed): "Bitpacked\(packed.compressedBitsPerValue)"
        case .bitpackedForNonNeg(let packed): "BitpackedNonNeg\(packed.compressedBitsPerValue)"
        case .fixedSizeBinary(let binary): "FixedSizeBinary\(binary.byteWidth)"
        case .constant: "Constant"
        case nil: "?"
        }
    }

    // MARK: 2.1 and 2.2

    package static func text(_ layout: ProtoPageLayout) -> String {
        switch layout.layout {
        case .miniBlock(let block):
            (block.hasLargeChunk_p ? "MiniBlock*" : "MiniBlock") + "[\(text(block.valueCompression))"
                + (block.hasDictionary ? ", dict \(text(block.dictionary))" : "")
                + (block.hasRepCompression ? ", rep \(text(block.repCompression))" : "")
                + (block.hasDefCompression ? ", def \(text(block.defCompression))" : "") + "]"
        case .fullZip(let zip): "FullZip[\(text(zip.valueCompression)), rep \(zip.bitsRep), def \(zip.bitsDef)]"
        case .constant(let constant): constant.hasInlineValue ? "Constant(inline)" : "Constant"
        case .blob(let blob): "Blob[\(text(blob.innerLayout))]"
        case nil: "?"
        }
    }

    static func text(_ encoding: ProtoCompressiveEncoding) -> String {
        switch encoding.compression {
        case .flat(let flat): "Flat\(flat.bitsPerValue)"
        case .variable(let variable): "Variable(\(text(variable.offsets)))"
        case .constant: "Constant"
        case .outOfLineBitpacking(let packing):
            "OutBP\(packing.uncompressedBitsPerValue)(\(text(packing.values)))"
        case .inlineBitpacking(let packing): "InlineBP\(packing.uncompressedBitsPerValue)"
        case .fsst(let fsst): "Fsst(\(text(fsst.values)))"
        case .dictionary(let dictionary): "Dict(\(text(dictionary.indices)), \(text(dictionary.items)))"
        case .rle(let runs): "Rle(\(text(runs.values)), \(text(runs.runLengths)))"
        case .byteStreamSplit(let split): "ByteStreamSplit(\(text(split.values)))"
        case .general(let general):
            (general.compression.scheme == .schemeLz4 ? "Lz4" : "Zstd") + "(\(text(general.values)))"
        case .fixedSizeList(let list): "FSL(\(list.itemsPerValue), \(text(list.values)))"
        case .packedStruct(let packed): "PackedStruct\(packed.bitsPerValue)"
        case .variablePackedStruct(let packed):
            "VarPackedStruct(\(packed.fields.map { text($0.value) }.joined(separator: ", ")))"
        case nil: "?"
        }
    }
}
