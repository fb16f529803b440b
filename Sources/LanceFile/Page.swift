// SPDX-License-Identifier: Apache-2.0
package import ByteCoding
package import LanceProto
import SwiftProtobuf

/// A run of a column's rows, with its buffers and the message that says how to read them.
package struct Page: Sendable {
    package enum Encoding: Sendable {
        /// File version 2.0.
        case array(ProtoArrayEncoding)
        /// File versions 2.1 and 2.2.
        case layout(ProtoPageLayout)
        /// A type URL that this package does not know.
        case unknown(String)
    }

    /// Row number in the file.
    package let firstRow: Int
    package let rowCount: Int
    package let buffers: [FileView]
    package let encoding: Encoding
    /// The whole file: blob pages say where in it their values stand.
    let file: FileView
    let cache = PageCache()

    package var rows: Range<Int> { firstRow..<firstRow + rowCount }
    /// The file is in memory or mapped, and values can be used where they stand.
    var isInMemory: Bool { file.inMemory != nil }
    package var byteCount: Int { buffers.reduce(0) { $0 + $1.count } }

    init(_ proto: ProtoColumnMetadata.Page, firstRow: Int, file: FileView) throws {
        guard let rows = Int(exactly: proto.length), rows <= Int(UInt32.max) else {
            throw file.corrupt("a page of \(proto.length) rows")
        }
        guard proto.bufferOffsets.count == proto.bufferSizes.count else {
            throw file.corrupt("a page with \(proto.bufferOffsets.count) buffers and \(proto.bufferSizes.count) sizes")
        }
        self.firstRow = firstRow
        self.file = file
        rowCount = rows
        buffers = try zip(proto.bufferOffsets, proto.bufferSizes).map { offset, size in
            // An empty buffer may stand anywhere.
            size == 0 ? FileView.empty : try file.slice(offset, size, "a page buffer")
        }
        encoding = try Self.encoding(proto.encoding, file)
    }

    private static func encoding(_ location: ProtoEncodingLocation, _ file: FileView) throws -> Encoding {
        guard case .direct(let direct) = location.location else {
            throw file.corrupt("a page without a direct encoding")
        }
        do {
            let any = try Google_Protobuf_Any(serializedBytes: direct.encoding)
            switch any.typeURL.split(separator: "/").last {
            case "lance.encodings.ArrayEncoding": return .array(try ProtoArrayEncoding(serializedBytes: any.value))
            case "lance.encodings21.PageLayout": return .layout(try ProtoPageLayout(serializedBytes: any.value))
            default: return .unknown(any.typeURL)
            }
        } catch {
            throw file.corrupt("the encoding of a page is not well-formed: \(error)")
        }
    }

    /// For pages whose encoding is not the file version's.
    var unknown: Failure {
        switch encoding {
        case .unknown(let url):
            Failure(.unsupported, "a page encoding '\(url)' that is not known; use Lance to rewrite the table as 2.0")
        default: Failure(.corrupt, "a page whose encoding belongs to another file version")
        }
    }

    /// Of version 2.0, and with a buffer that can only be read whole.
    var isCompressed: Bool {
        func isCompressed(_ array: ProtoArrayEncoding) -> Bool {
            switch array.array {
            case .flat(let flat): flat.hasCompression
            case .nullable(let nullable):
                switch nullable.nullability {
                case .noNulls(let values): isCompressed(values.values)
                case .someNulls(let both): isCompressed(both.values)
                default: false
                }
            case .fixedSizeList(let list): isCompressed(list.items)
            case .binary(let binary): isCompressed(binary.bytes) || isCompressed(binary.indices)
            case .fsst(let fsst): isCompressed(fsst.binary)
            default: false
            }
        }
        guard case .array(let array) = encoding else { return false }
        return isCompressed(array)
    }

    package func buffer(_ index: Int) throws -> FileView {
        guard index >= 0, index < buffers.count else {
            throw Failure(.corrupt, "buffer \(index) of a page that has \(buffers.count)")
        }
        return buffers[index]
    }

    /// A page of lists of a fixed size that stores no item: as vectors, all of them are missing, be there billions.
    var hasNoItem: Bool {
        switch encoding {
        case .array(let array): return Self.storesNothing(array)
        case .layout(let layout):
            switch layout.layout {
            case .constant(let constant):
                return constant.layers == [.layerNullableItem] && !constant.hasInlineValue && buffers.isEmpty
            case .fullZip(let zip):
                guard case .fixedSizeList(let list) = zip.valueCompression.compression,
                    case .constant(let constant) = list.values.compression
                else { return false }
                return !constant.hasValue
            default: return false
            }
        case .unknown: return false
        }
    }

    private static func storesNothing(_ array: ProtoArrayEncoding) -> Bool {
        switch array.array {
        case .nullable(let nullable):
            switch nullable.nullability {
            case .allNulls: true
            case .noNulls(let values): storesNothing(values.values)
            case .someNulls(let both): storesNothing(both.values)
            case nil: false
            }
        case .fixedSizeList(let list): storesNothing(list.items)
        default: false
        }
    }
}
