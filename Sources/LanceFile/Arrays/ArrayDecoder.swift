// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Reads pages of file version 2.0, whose encoding is a tree of arrays (format reference: the ArrayEncoding tree).
///
/// Each kind of array has a file of its own with one function; this switch is their register.
struct ArrayDecoder {
    let page: Page
    let field: TableField

    /// The column is an Arrow dictionary, not text that the writer chose to store as one.
    var isDictionary: Bool { LogicalType.isDictionary(field.logicalType) }

    /// Rows of the page.
    func decode(_ encoding: ProtoArrayEncoding, _ rows: Range<Int>) throws -> Column {
        guard field.isBlob else { return try decode(encoding, field.type, rows, of: page.rowCount) }
        let places = try decode(encoding, BlobPlaces.type, rows, of: page.rowCount)
        return try BlobPlaces.values(places, in: page.file)
    }

    /// Rows that ascend; nil where they are better read run by run.
    func take(_ encoding: ProtoArrayEncoding, _ rows: [Int]) throws -> Column? {
        // What is elsewhere is fetched for these rows only.
        guard page.isInMemory, !field.isBlob, !page.isCompressed, let last = rows.last else { return nil }
        switch encoding.array {
        case .binary(let binary): return try takeBinary(binary, field.type, rows, of: page.rowCount)
        case .dictionary(let dictionary):
            return try takeDictionary(dictionary, field.type, rows, of: page.rowCount)
        case .nullable(let nullable):
            if case .allNulls = nullable.nullability { return try Column.nulls(field.type, count: rows.count) }
            guard !Self.hasNothing(encoding) else { return nil }
            // Nothing is copied before the rows are chosen.
            return try decode(encoding, field.type, 0..<last + 1, of: page.rowCount).gather(rows)
        default: return nil
        }
    }

    /// Some array in it is made of nulls: reading it makes as many as are asked for.
    private static func hasNothing(_ encoding: ProtoArrayEncoding) -> Bool {
        switch encoding.array {
        case .nullable(let nullable):
            switch nullable.nullability {
            case .noNulls(let values): hasNothing(values.values)
            case .someNulls(let both): hasNothing(both.values)
            default: true
            }
        case .fixedSizeList(let list): hasNothing(list.items)
        default: false
        }
    }

    /// Values `rows` of an array.
    ///
    /// - Parameter total: how many values the array has in all: the page's rows, but for the items of a list or of a
    ///   dictionary.
    func decode(_ encoding: ProtoArrayEncoding, _ type: DataType, _ rows: Range<Int>, of total: Int) throws -> Column {
        switch encoding.array {
        case .flat(let flat): try decodeFlat(flat, type, rows, of: total)
        case .nullable(let nullable): try decodeNullable(nullable, type, rows, of: total)
        case .fixedSizeList(let list): try decodeFixedSizeList(list, type, rows, of: total)
        case .binary(let binary): try decodeBinary(binary, type, rows, of: total)
        case .dictionary(let dictionary): try decodeDictionary(dictionary, type, rows, of: total)
        case .fsst(let fsst): try decodeSymbols(fsst, type, rows, of: total)
        case .packedStruct(let packed): try decodePackedStruct(packed, type, rows, of: total)
        case .fixedSizeBinary, .list, .struct, .bitpacked, .bitpackedForNonNeg, .constant, nil:
            throw Failure(
                .unsupported,
                "the encoding \(EncodingSummary.text(encoding)) is not supported for a column of \(type); read the other columns"
            )
        }
    }

    func buffer(_ reference: ProtoBufferRef) throws -> FileView {
        guard reference.bufferType == .page else {
            throw Failure(.unsupported, "a page that keeps its values in a buffer of the column or file")
        }
        return try page.buffer(Int(reference.bufferIndex))
    }

    func mismatch(_ encoding: String, _ type: DataType) -> Failure {
        Failure(.corrupt, "a \(encoding) array cannot hold \(type)")
    }
}
