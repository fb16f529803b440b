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

    /// The most bytes that are made at once out of fewer: a few bytes of a file can stand for any number of values.
    static let mostMadeBytes = 256 << 20

    func decode(_ layout: ProtoPageLayout, _ type: DataType, _ rows: Range<Int>) throws -> Column {
        switch layout.layout {
        case .miniBlock(let block): try decodeMiniBlock(block, type, rows)
        case .constant(let constant): try decodeConstant(constant, type, rows)
        case .fullZip, .blob, nil: throw Self.unsupported(EncodingSummary.text(layout), type)
        }
    }

    static func unsupported(_ what: String, _ type: DataType) -> Failure {
        Failure(
            .unsupported,
            "the encoding \(what) of file versions 2.1 and 2.2 is not supported yet for a column of \(type); "
                + "write the table with data_storage_version=\"2.0\"")
    }

    static func mismatch(_ encoding: String, _ type: DataType) -> Failure {
        Failure(.corrupt, "\(encoding) values cannot be \(type)")
    }

    /// How many bytes `count` values of `bytes` take; throws where they are more than a page can be.
    static func made(_ count: Int, _ bytes: Int) throws -> Int {
        let (size, overflow) = count.multipliedReportingOverflow(by: bytes)
        guard !overflow, size <= mostMadeBytes else {
            throw Failure(.corrupt, "\(count) values of \(bytes) bytes at once are too many; read fewer rows")
        }
        return size
    }

    /// Whether values of the page can be null. Throws for pages of lists and structs.
    func isNullable(_ layers: [ProtoLayerKind], _ type: DataType) throws -> Bool {
        switch layers {
        case [.layerAllValidItem]: return false
        case [.layerNullableItem]: return true
        default: throw Self.unsupported("with the layers \(layers.map(\.rawValue))", type)
        }
    }

    /// Which values are there, by their definition levels: 0 there, 1 null. Nil where all are.
    ///
    /// - Parameter levels: one of 16 bits a value.
    static func validity(_ levels: Column) throws -> Bitmap? {
        guard case .fixed(let view) = levels.storage, levels.type == .uint16 else {
            throw Failure(.corrupt, "definition levels of type \(levels.type)")
        }
        return try view.withUnsafeBytes { raw in
            var all: UInt16 = 0
            for row in 0..<levels.count { all |= raw.loadUnaligned(fromByteOffset: row * 2, as: UInt16.self) }
            guard all != 0 else { return nil }
            // The levels are little-endian: of 1 or less, the low byte alone may have a bit.
            guard UInt16(littleEndian: all) == 1 else {
                throw view.corrupt("definition levels above 1 where there is one layer")
            }
            return Bitmap((0..<levels.count).map { raw[$0 * 2] == 0 })
        }
    }
}
