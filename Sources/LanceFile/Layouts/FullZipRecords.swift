// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto

/// The records of a full-zip page.
///
/// ```
/// record  control word (0, 1, 2 or 4 bytes): repetition << bits of definition | definition
///         of one width: the value, if the entry has a place among the values
///         else: length (4 or 8 bytes) and bytes, if the definition level is 0
/// ```
struct FullZipRecords: Sendable {
    /// Values of one width, one after another.
    struct Fixed {
        var values: ByteView
        var count: Int
        var repetition: [UInt16]?
        var definition: [UInt16]?
    }

    /// Values of any length, each where it stands in `data`; empty for nulls.
    struct Variable {
        var data: ByteView
        var spans: [Range<Int>]
        var repetition: [UInt16]?
        var definition: [UInt16]?
    }

    private let page: Page
    private let data: ByteView
    private let layers: Layers
    private let repetitionBits: UInt32
    private let definitionBits: UInt32
    /// Bytes of a control word.
    private let controlWidth: Int

    init(_ zip: ProtoFullZipLayout, _ layers: Layers, _ page: Page) throws {
        guard zip.bitsRep <= 16, zip.bitsDef <= 16 else {
            throw Failure(.corrupt, "levels of \(zip.bitsRep) and \(zip.bitsDef) bits")
        }
        self.page = page
        self.layers = layers
        data = try page.buffer(0)
        repetitionBits = zip.bitsRep
        definitionBits = zip.bitsDef
        let bits = zip.bitsRep + zip.bitsDef
        controlWidth = bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4
    }

    // MARK: Rows

    /// The bytes of rows, by the index of where they begin.
    private func indexed(_ rows: Range<Int>) throws -> Range<Int> {
        let index = try page.buffer(1)
        let width = index.count / (page.rowCount + 1)
        guard [1, 2, 4, 8].contains(width), width * (page.rowCount + 1) == index.count else {
            throw index.corrupt("an index of \(index.count) bytes for \(page.rowCount) rows")
        }
        func entry(_ row: Int) throws -> Int {
            let value: UInt64 =
                switch width {
                case 1: UInt64(try index.load(UInt8.self, at: row))
                case 2: UInt64(try index.load(UInt16.self, at: row * 2))
                case 4: UInt64(try index.load(UInt32.self, at: row * 4))
                default: try index.load(UInt64.self, at: row * 8)
                }
            guard let place = Int(exactly: value), place <= data.count else {
                throw index.corrupt("row \(row) at byte \(value) of \(data.count)", at: row * width)
            }
            return place
        }
        let (start, end) = (try entry(rows.lowerBound), try entry(rows.upperBound))
        guard start <= end else {
            throw index.corrupt("rows from byte \(start) to \(end)", at: rows.lowerBound * width)
        }
        return start..<end
    }

    func fixed(_ rows: Range<Int>, width: Int) throws -> Fixed {
        guard layers.lists == 0 else { return try walkFixed(indexed(rows), width) }
        let stride = width + controlWidth
        let (start, startOverflow) = rows.lowerBound.multipliedReportingOverflow(by: stride)
        let (size, sizeOverflow) = rows.count.multipliedReportingOverflow(by: stride)
        guard !startOverflow, !sizeOverflow, size <= data.count, start <= data.count - size else {
            throw data.corrupt("rows \(rows) of \(stride) bytes in a page of \(data.count)")
        }
        if controlWidth == 0 {
            return Fixed(values: try data.slice(start, size, "values"), count: rows.count)
        }
        return try walkFixed(start..<start + size, width)
    }

    /// The bytes of a row where no values are in lists; nil where it is null.
    func value(_ row: Int, lengthWidth: Int) throws -> ByteView? {
        guard let span = try span(row, lengthWidth: lengthWidth) else { return nil }
        return try data.slice(span.lowerBound, span.count)
    }

    /// The same as a place in the data.
    private func span(_ row: Int, lengthWidth: Int) throws -> Range<Int>? {
        let bytes = try indexed(row..<row + 1)
        var position = bytes.lowerBound
        guard bytes.count >= controlWidth else { throw data.corrupt("half a record", at: position) }
        if controlWidth > 0,
            try data.load(UInt8.self, at: position) & UInt8(truncatingIfNeeded: (1 << definitionBits) - 1) != 0
        {
            return nil
        }
        position += controlWidth
        let length =
            lengthWidth == 4
            ? UInt64(try data.load(UInt32.self, at: position)) : try data.load(UInt64.self, at: position)
        position += lengthWidth
        guard position <= bytes.upperBound, length == UInt64(bytes.upperBound - position) else {
            throw data.corrupt("a value of \(length) bytes in a record of \(bytes.count)", at: bytes.lowerBound)
        }
        return position..<bytes.upperBound
    }

    /// Where it stands where row `row` begins.
    func indexMemory(of row: Int) -> UnsafeRawBufferPointer? {
        guard let index = try? page.buffer(1) else { return nil }
        let width = index.count / (page.rowCount + 1)
        return (try? index.slice(row * width, 2 * width))?.withUnsafeBytes { $0 }
    }

    func variable(_ rows: Range<Int>, lengthWidth: Int) throws -> Variable {
        try walkVariable(indexed(rows), lengthWidth)
    }

    /// Rows that ascend, of values that are in no list.
    func variable(taking rows: [Int], lengthWidth: Int) throws -> Variable {
        var spans: [Range<Int>] = []
        spans.reserveCapacity(rows.count)
        var definition: [UInt16]? = definitionBits > 0 ? [] : nil
        for row in rows {
            let value = try span(row, lengthWidth: lengthWidth)
            spans.append(value ?? 0..<0)
            definition?.append(value == nil ? 1 : 0)
        }
        return Variable(data: data, spans: spans, repetition: nil, definition: definition)
    }

    // MARK: Records

    /// Reads control words and says which entries follow them.
    private struct Levels {
        var repetition: [UInt16]?
        var definition: [UInt16]?
        private let definitionBits: UInt32
        private let controlWidth: Int

        init(_ records: FullZipRecords) {
            repetition = records.repetitionBits > 0 ? [] : nil
            definition = records.definitionBits > 0 ? [] : nil
            definitionBits = records.definitionBits
            controlWidth = records.controlWidth
        }

        /// The entry's definition level.
        mutating func read(_ raw: UnsafeRawBufferPointer, at position: Int) -> Int {
            let word: UInt32
            switch controlWidth {
            case 0: return 0
            case 1: word = UInt32(raw[position])
            case 2:
                word = UInt32(UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt16.self)))
            default: word = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            }
            let level = word & (1 << definitionBits - 1)
            repetition?.append(UInt16(truncatingIfNeeded: word >> definitionBits))
            definition?.append(UInt16(truncatingIfNeeded: level))
            return Int(level)
        }
    }

    private func walkFixed(_ bytes: Range<Int>, _ width: Int) throws -> Fixed {
        guard controlWidth > 0 else { throw data.corrupt("a full-zip page of lists without levels") }
        var levels = Levels(self)
        var values = ByteWriter(reserving: bytes.count)
        var count = 0
        try data.withUnsafeBytes { raw in
            var position = bytes.lowerBound
            while position < bytes.upperBound {
                guard controlWidth <= bytes.upperBound - position else {
                    throw data.corrupt("half a record", at: position)
                }
                let level = levels.read(raw, at: position)
                position += controlWidth
                guard level <= layers.visible else { continue }
                guard width <= bytes.upperBound - position else { throw data.corrupt("half a value", at: position) }
                values.write(UnsafeRawBufferPointer(rebasing: raw[position..<position + width]))
                position += width
                count += 1
            }
        }
        return Fixed(
            values: Region(copying: values.bytes, name: data.region.name).view, count: count,
            repetition: levels.repetition, definition: levels.definition)
    }

    private func walkVariable(_ bytes: Range<Int>, _ lengthWidth: Int) throws -> Variable {
        var levels = Levels(self)
        var spans: [Range<Int>] = []
        try data.withUnsafeBytes { raw in
            var position = bytes.lowerBound
            while position < bytes.upperBound {
                guard controlWidth <= bytes.upperBound - position else {
                    throw data.corrupt("half a record", at: position)
                }
                let level = levels.read(raw, at: position)
                position += controlWidth
                guard level == 0 else {
                    if level <= layers.visible { spans.append(position..<position) }
                    continue
                }
                guard lengthWidth <= bytes.upperBound - position else {
                    throw data.corrupt("half a length", at: position)
                }
                let length =
                    lengthWidth == 4
                    ? UInt64(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
                    : UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                position += lengthWidth
                guard length <= UInt64(bytes.upperBound - position) else {
                    throw data.corrupt(
                        "a value of \(length) bytes, where \(bytes.upperBound - position) are left", at: position)
                }
                spans.append(position..<position + Int(length))
                position += Int(length)
            }
        }
        return Variable(data: data, spans: spans, repetition: levels.repetition, definition: levels.definition)
    }
}
