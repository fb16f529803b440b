// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension LayoutDecoder {
    /// Large values, each behind its own levels, so that one of them can be read alone.
    ///
    /// ```
    /// buffer 0  a record an entry (FullZipRecords)
    /// buffer 1  where each row begins; of values of one width without lists there is none
    /// ```
    /// Values of one width without levels stand one after another and nothing between: they are used where they are.
    func decodeFullZip(_ zip: ProtoFullZipLayout, _ type: DataType, _ rows: Range<Int>) throws -> LeveledValues {
        let layers = try Layers(zip.layers)
        let records = try FullZipRecords(zip, layers, page)
        switch zip.width {
        case .bitsPerValue(let bits):
            guard bits % 8 == 0 else { throw Self.unsupported("FullZip of \(bits)-bit values", type) }
            let part = try records.fixed(rows, width: Int(bits / 8))
            let values = try FullZipValues.fixed(zip.valueCompression, type, part.values, count: part.count)
            return try LeveledValues(
                values, repetition: part.repetition, definition: part.definition, layers: layers)
        case .bitsPerOffset(let bits):
            guard bits == 32 || bits == 64 else { throw Self.unsupported("FullZip with \(bits)-bit lengths", type) }
            let part = try records.variable(rows, lengthWidth: Int(bits / 8))
            let values = try FullZipValues.variable(zip.valueCompression, type, part.data, part.spans, page.cache)
            return try LeveledValues(
                values, repetition: part.repetition, definition: part.definition, layers: layers)
        case nil: throw Failure(.corrupt, "a full-zip page that does not say how wide its values are")
        }
    }

    /// Read without a copy: numbers, or lists of a fixed size of these without nulls.
    private static func isPlain(_ encoding: ProtoCompressiveEncoding) -> Bool {
        switch encoding.compression {
        case .flat: true
        case .fixedSizeList(let list): !list.hasValidity_p && isPlain(list.values)
        default: false
        }
    }

    /// Rows that ascend; nil where values are in lists, or not of one width without nulls.
    func takeFullZip(_ zip: ProtoFullZipLayout, _ rows: [Int]) throws -> LeveledValues? {
        let layers = try Layers(zip.layers)
        guard layers.lists == 0 else { return nil }
        let records = try FullZipRecords(zip, layers, page)
        switch zip.width {
        case .bitsPerValue(let bits):
            guard page.isInMemory, zip.bitsDef == 0, zip.bitsRep == 0, bits > 0, bits % 8 == 0, let last = rows.last,
                Self.isPlain(zip.valueCompression)
            else { return nil }
            // Nothing is copied before the rows are chosen.
            return try LeveledValues(decode(0..<last + 1).values.gather(rows), layers: layers)
        case .bitsPerOffset(let bits):
            guard bits == 32 || bits == 64, zip.bitsRep == 0, layers.kinds.count == 1 else { return nil }
            let part = try records.variable(taking: rows, lengthWidth: Int(bits / 8))
            let values = try FullZipValues.variable(zip.valueCompression, type, part.data, part.spans, page.cache)
            return try LeveledValues(values, definition: part.definition, layers: layers)
        case nil: return nil
        }
    }
}
