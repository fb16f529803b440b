// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension LayoutDecoder {
    /// One value for all rows, or none at all.
    ///
    /// | buffers | value in the message | meaning |
    /// |---|---|---|
    /// | 0 | no | all rows are null |
    /// | 0 | yes | all rows are that value |
    /// | 1: value | no | the same for text and binary |
    /// | 2: repetition, definition | yes | that value, or null |
    /// | 3: value, repetition, definition | no | the same for text and binary |
    /// | 2: repetition, definition | no | nulls with structure: of lists |
    func decodeConstant(_ constant: ProtoConstantLayout, _ type: DataType, _ rows: Range<Int>) throws -> LeveledValues {
        let layers = try Layers(constant.layers)
        let buffers = page.buffers
        let hasValue = constant.hasInlineValue || buffers.count == 1 || buffers.count == 3
        guard buffers.count >= 2, let repetitionBytes = buffers.dropLast().last, let definitionBytes = buffers.last
        else {
            guard layers.lists == 0 else { throw Self.unsupported("Constant of lists without levels", type) }
            let values = try values(constant, hasValue, layers, type, rows.count)
            return try LeveledValues(values, layers: layers)
        }
        // Levels alone, so that what is made of the value is made for these rows only.
        let all = try page.cache.levels {
            let (repetitionBytes, definitionBytes) = try fetchingBoth(
                { try repetitionBytes.bytes() }, { try definitionBytes.bytes() })
            let repetition = try levels(
                repetitionBytes, constant.hasRepCompression ? constant.repCompression : nil, constant.numRepValues)
            let definition = try levels(
                definitionBytes, constant.hasDefCompression ? constant.defCompression : nil, constant.numDefValues)
            let visible =
                definition.map { $0.reduce(0) { $0 + (Int($1) <= layers.visible ? 1 : 0) } } ?? repetition?.count
                ?? page.rowCount
            return try LeveledValues(
                Column(.null, count: visible, storage: .none), repetition: repetition, definition: definition,
                layers: layers)
        }
        let part = try all.rows(rows)
        if layers.lists > 0 { try Self.checkItems(part.repetition?.count ?? 0, of: page.file) }
        return try LeveledValues(
            values(constant, hasValue, layers, type, part.values.count), repetition: part.repetition,
            definition: part.definition, layers: layers)
    }

    private func values(
        _ constant: ProtoConstantLayout, _ hasValue: Bool, _ layers: Layers, _ type: DataType, _ count: Int
    ) throws -> Column {
        guard hasValue else {
            guard count == 0 || layers.highest > 0 else {
                throw Failure(.corrupt, "a page of one value that has none, and whose layers say that nothing is null")
            }
            return try Column.nulls(type, count: count)
        }
        let value = constant.hasInlineValue ? ByteView(copying: constant.inlineValue) : try page.buffers[0].bytes()
        return try Column(
            type, count: count, storage: Self.repeated(value, isInline: constant.hasInlineValue, type, count))
    }

    /// Nil where the page has none.
    private func levels(_ view: ByteView, _ encoding: ProtoCompressiveEncoding?, _ count: UInt64) throws -> [UInt16]? {
        guard let encoding else {
            return view.isEmpty ? nil : try Self.levels(nil, view, count: view.count / 2)
        }
        guard let count = Int(exactly: count) else { throw view.corrupt("\(count) levels") }
        return try Self.levels(encoding, view, count: count)
    }

    private static func repeated(_ value: ByteView, isInline: Bool, _ type: DataType, _ count: Int) throws
        -> Column.Storage
    {
        if type == .bool {
            _ = try made(count, 1)
            return .bits(Bitmap(repeating: try value.load(UInt8.self, at: 0) & 1 == 1, count: count))
        }
        if type.isVariableLength {
            let text = isInline ? value : try text(value)
            // An offset each too.
            _ = try made(count, max(text.count, 8))
            let offsets = (0...count).map { $0 * text.count }
            return .variable(offsets: offsets, data: copies(text, size: count * text.count))
        }
        guard isInline, let width = type.byteWidth, width == value.count, width > 0 else {
            throw mismatch("\(value.count)-byte constant", type)
        }
        return .fixed(copies(value, size: try made(count, width)))
    }

    private static func copies(_ value: ByteView, size: Int) -> ByteView {
        Region(count: size, name: "constant") { target in
            value.withUnsafeBytes { source in
                for start in stride(from: 0, to: size, by: max(source.count, 1)) {
                    UnsafeMutableRawBufferPointer(rebasing: target[start..<start + source.count])
                        .copyMemory(from: source)
                }
            }
        }.view
    }

    /// The bytes of the one value of an Arrow array.
    ///
    /// ```
    /// u32 k | k x u32 size of a buffer | buffers: two offsets (u32 or u64), bytes
    /// ```
    private static func text(_ view: ByteView) throws -> ByteView {
        let count = try view.load(UInt32.self, at: 0)
        guard count == 2 else { throw view.corrupt("a constant text of \(count) buffers, expected 2") }
        let offsetBytes = Int(try view.load(UInt32.self, at: 4))
        let dataBytes = Int(try view.load(UInt32.self, at: 8))
        let offsets = try view.slice(12, offsetBytes, "offsets of a constant")
        let data = try view.slice(12 + offsetBytes, dataBytes, "bytes of a constant")
        let (start, end): (UInt64, UInt64)
        switch offsetBytes {
        case 8:
            (start, end) = (UInt64(try offsets.load(UInt32.self, at: 0)), UInt64(try offsets.load(UInt32.self, at: 4)))
        case 16: (start, end) = (try offsets.load(UInt64.self, at: 0), try offsets.load(UInt64.self, at: 8))
        default: throw view.corrupt("offsets of a constant of \(offsetBytes) bytes")
        }
        guard start <= end else { throw offsets.corrupt("a constant that ends at \(end), before it begins") }
        return try data.slice(start, end - start, "a constant")
    }
}
