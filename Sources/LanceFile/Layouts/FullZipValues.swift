// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// The encodings of values in the records of a full-zip page: each value is encoded for itself.
enum FullZipValues {
    // MARK: Of one width

    /// - Parameter view: the values one after another.
    static func fixed(_ encoding: ProtoCompressiveEncoding, _ type: DataType, _ view: ByteView, count: Int) throws
        -> Column
    {
        switch encoding.compression {
        case .flat(let flat):
            // A record is whole bytes, even of a bit.
            if type == .bool, flat.bitsPerValue == 8 { return try bools(view, count) }
            return try FlatValues.decode(flat, type, view, count)
        case .constant(let constant) where !constant.hasValue:
            // Nothing is stored where all items are null.
            return try Column.nulls(type, count: count)
        case .fixedSizeList(let list): return try fixedSizeLists(list, type, view, count)
        case .packedStruct(let packed): return try PackedStructValues.decode(packed, type, view, count)
        default: throw LayoutDecoder.unsupported("FullZip[\(EncodingSummary.text(encoding))]", type)
        }
    }

    private static func bools(_ view: ByteView, _ count: Int) throws -> Column {
        let bytes = try view.slice(0, count, "bytes of bits")
        let bits = bytes.withUnsafeBytes { raw in Bitmap(raw.lazy.map { $0 & 1 == 1 }) }
        return try Column(.bool, count: count, storage: .bits(bits))
    }

    /// Bytes of a value; nil where it has not the same everywhere.
    private static func width(_ encoding: ProtoCompressiveEncoding, _ type: DataType) -> Int? {
        switch encoding.compression {
        case .flat: return type.byteWidth
        case .constant(let constant): return constant.hasValue ? nil : 0
        case .fixedSizeList(let list):
            guard case .fixedSizeList(let item, let length) = type, let width = width(list.values, item) else {
                return nil
            }
            let (size, overflow) = width.multipliedReportingOverflow(by: length)
            return overflow || size > 1 << 40 ? nil : size + (list.hasValidity_p ? (length + 7) / 8 : 0)
        default: return nil
        }
    }

    private static func fixedSizeLists(
        _ list: ProtoFixedSizeListValues, _ type: DataType, _ view: ByteView, _ count: Int
    ) throws -> Column {
        guard case .fixedSizeList(let item, let length) = type, UInt64(length) == list.itemsPerValue else {
            throw LayoutDecoder.mismatch("fixed-size lists of \(list.itemsPerValue)", type)
        }
        // Bits that do not fill their last byte would need another reading.
        guard item != .bool || length % 8 == 0 else { throw LayoutDecoder.unsupported("FullZip of bits", type) }
        let (items, overflow) = count.multipliedReportingOverflow(by: length)
        guard !overflow else { throw LayoutDecoder.mismatch("\(count) fixed-size lists of \(length)", type) }
        guard list.hasValidity_p else {
            let values = try fixed(list.values, item, view, count: items)
            return try Column(type, count: count, storage: .fixedSizeList(items: values, length: length))
        }
        // A value is the bits of which items are there, in whole bytes, and then the items.
        let (bytes, tooWide) = (width(list.values, item) ?? -1).multipliedReportingOverflow(by: length)
        let bits = (length + 7) / 8
        let (size, tooMany) = count.multipliedReportingOverflow(by: bits + min(bytes, 1 << 40))
        guard !tooWide, bytes <= 1 << 40, !tooMany, bytes >= 0, view.count == size else {
            throw LayoutDecoder.mismatch("fixed-size lists with nulls, of \(view.count) bytes,", type)
        }
        var validity = BitmapBuilder()
        var values = ByteWriter(reserving: bytes * count)
        for row in 0..<count {
            let start = row * (bits + bytes)
            validity.append(try Bitmap(view.slice(start, bits), count: length))
            values.write(try view.slice(start + bits, bytes))
        }
        let all = try fixed(list.values, item, Region(copying: values.bytes, name: "items").view, count: items)
        let nullable = try Column(
            item, count: items, validity: all.validity ?? validity.finish(), storage: all.storage)
        return try Column(type, count: count, storage: .fixedSizeList(items: nullable, length: length))
    }

    // MARK: Of any length

    /// - Parameter spans: where each value stands in `data`.
    static func variable(
        _ encoding: ProtoCompressiveEncoding, _ type: DataType, _ data: ByteView, _ spans: [Range<Int>],
        _ cache: PageCache
    ) throws -> Column {
        switch encoding.compression {
        case .variable(let variable) where !variable.hasValues:
            return try text(type, spans.count, joined(data, spans))
        case .fsst(let fsst):
            guard case .variable(let inner) = fsst.values.compression, !inner.hasValues else { break }
            let table = try cache.symbols { try SymbolTable(ByteView(copying: fsst.symbolTable, name: "symbol table")) }
            return try text(type, spans.count, table.isUsed ? table.decode(spans, data) : joined(data, spans))
        case .general(let general):
            guard case .variable(let inner) = general.values.compression, !inner.hasValues else { break }
            return try text(type, spans.count, inflated(general, data, spans))
        case .variablePackedStruct(let packed):
            return try VariablePackedStructValues.decode(packed, type, data, spans, cache)
        default: break
        }
        throw LayoutDecoder.unsupported("FullZip[\(EncodingSummary.text(encoding))]", type)
    }

    private static func text(_ type: DataType, _ count: Int, _ storage: Column.Storage) throws -> Column {
        guard type.isVariableLength else { throw LayoutDecoder.mismatch("full-zip variable", type) }
        return try Column(type, count: count, storage: storage)
    }

    private static let mostJoinedBytes = 1 << 30

    /// Values that stand apart, one after another.
    static func joined(_ data: ByteView, _ spans: [Range<Int>]) throws -> Column.Storage {
        var offsets = [0]
        offsets.reserveCapacity(spans.count + 1)
        var total = 0
        for span in spans {
            let (sum, overflow) = total.addingReportingOverflow(span.count)
            // Of a damaged file spans may overlap, and be any number of times its bytes.
            guard !overflow, sum <= data.count else {
                throw data.corrupt("\(spans.count) values of more than the \(data.count) bytes that they stand in")
            }
            guard sum <= mostJoinedBytes else { throw Failure.tooMuch("\(spans.count) values of \(sum) bytes") }
            total = sum
            offsets.append(total)
        }
        let region = Region(count: total, name: data.region.name) { target in
            data.withUnsafeBytes { source in
                for (span, start) in zip(spans, offsets) {
                    UnsafeMutableRawBufferPointer(rebasing: target[start..<start + span.count])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[span]))
                }
            }
        }
        return .variable(offsets: offsets, data: region.view)
    }

    /// Values that are compressed each for itself.
    private static func inflated(_ general: ProtoGeneralCompression, _ data: ByteView, _ spans: [Range<Int>]) throws
        -> Column.Storage
    {
        var offsets = [0]
        var bytes = ByteWriter()
        for span in spans {
            if !span.isEmpty {
                let limit = LayoutDecoder.mostMadeBytes - bytes.count
                bytes.write(
                    try GeneralValues.inflate(general, data.slice(span.lowerBound, span.count), limit: max(limit, 0)))
            }
            offsets.append(bytes.count)
        }
        return .variable(offsets: offsets, data: Region(copying: bytes.bytes, name: data.region.name).view)
    }
}
