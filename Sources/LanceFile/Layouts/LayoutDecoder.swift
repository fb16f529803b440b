// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Reads pages of file versions 2.1 and 2.2, whose encoding is a layout of the page around encodings of its values
/// (format reference: PageLayout).
///
/// Each layout has a file of its own with one function; this switch is their register.
struct LayoutDecoder {
    let page: Page
    let layout: ProtoPageLayout
    let field: TableField

    /// The most bytes that are made at once out of fewer: a few bytes of a file can stand for any number of values.
    static let mostMadeBytes = 256 << 20

    /// The type of the values, which a blob's are not.
    var type: DataType { field.type }

    /// Rows `rows`, counted from the page's first.
    func decode(_ rows: Range<Int>) throws -> LeveledValues {
        let values = try field.isBlob ? decodeBlobs(rows) : decode(layout, type, rows)
        // A layout of blobs makes blobs, whatever the column.
        guard values.values.type == type else {
            throw Failure(.corrupt, "its layout gave \(values.values.type), and the column is \(type)")
        }
        guard values.layers.lists > 0 || values.values.count == rows.count else {
            throw Failure(.corrupt, "its layout gave \(values.values.count) of \(rows.count) rows")
        }
        return values
    }

    /// Rows that ascend; nil for layouts whose rows are read one by one.
    func take(_ rows: [Int]) throws -> LeveledValues? {
        guard !field.isBlob else { return nil }
        switch layout.layout {
        case .miniBlock(let block): return try takeMiniBlock(block, rows)
        case .fullZip(let zip): return try takeFullZip(zip, rows)
        // Without levels one row is as good as another.
        case .constant(let constant) where page.buffers.count < 2:
            do {
                return try decodeConstant(constant, type, 0..<rows.count)
            } catch let failure as Failure where failure.isTooMuch {
                // One by one there is less to make at once.
                return nil
            }
        default: return nil
        }
    }

    func decode(_ layout: ProtoPageLayout, _ type: DataType, _ rows: Range<Int>) throws -> LeveledValues {
        switch layout.layout {
        case .miniBlock(let block): try decodeMiniBlock(block, type, rows)
        case .fullZip(let zip): try decodeFullZip(zip, type, rows)
        case .constant(let constant): try decodeConstant(constant, type, rows)
        case .blob(let blob): try decodeBlob(blob, rows)
        case nil: throw Self.unsupported(EncodingSummary.text(layout), type)
        }
    }

    static func unsupported(_ what: String, _ type: DataType) -> Failure {
        Failure(
            .unsupported,
            "the encoding \(what) of file versions 2.1 and 2.2 is not supported for a column of \(type); read the other "
                + "columns, or write the table with data_storage_version=\"2.0\"")
    }

    static func mismatch(_ encoding: String, _ type: DataType) -> Failure {
        Failure(.corrupt, "\(encoding) values cannot be \(type)")
    }

    /// How many bytes `count` values of `bytes` take; throws where they are more than a page can be.
    static func made(_ count: Int, _ bytes: Int) throws -> Int {
        let (size, overflow) = count.multipliedReportingOverflow(by: bytes)
        guard !overflow, size <= mostMadeBytes else {
            throw Failure.tooMuch("\(count) values of \(bytes) bytes")
        }
        return size
    }

    /// Items of lists that are read at once however small their file is. Each takes some fifty bytes for a moment, when
    /// the levels around it are taken apart.
    private static let mostItems = 1 << 22

    /// Throws where `count` items of lists are more than should be in memory at once: there may be billions of them that
    /// take no byte of the file.
    static func checkItems(_ count: Int, of file: FileView) throws {
        guard count <= max(mostItems, file.count) else {
            throw Failure.tooMuch("\(count) items of lists")
        }
    }

    /// Levels of 16 bits, `count` of them.
    ///
    /// - Parameter encoding: nil where they stand as they are.
    static func levels(_ encoding: ProtoCompressiveEncoding?, _ view: ByteView, count: Int) throws -> [UInt16] {
        // As they are decoded, and as an array.
        _ = try made(count, 4)
        let column =
            if let encoding {
                try BlockValues.decode(encoding, .uint16, view, count: count)
            } else {
                try Column(.uint16, count: count, storage: .fixed(view.slice(0, count * 2, "levels")))
            }
        guard case .fixed(let values) = column.storage, values.count == count * 2 else {
            throw view.corrupt("levels of type \(column.type)")
        }
        return values.withUnsafeBytes { raw in
            [UInt16](unsafeUninitializedCapacity: count) { target, initialized in
                for index in 0..<count {
                    target[index] = UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                }
                initialized = count
            }
        }
    }
}
