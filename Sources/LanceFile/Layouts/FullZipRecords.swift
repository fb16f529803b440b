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
    private let data: FileView
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

    /// The place of rows in the data, by the index of where they begin.
    private func indexed(_ rows: Range<Int>) throws -> Range<Int> {
        let index = try page.buffer(1)
        let width = index.count / (page.rowCount + 1)
        guard [1, 2, 4, 8].contains(width), width * (page.rowCount + 1) == index.count else {
            throw index.corrupt("an index of \(index.count) bytes for \(page.rowCount) rows")
        }
        guard rows.lowerBound >= 0, rows.upperBound <= page.rowCount else {
            throw index.corrupt("rows \(rows) of \(page.rowCount)")
        }
        let entries = try index.bytes(rows.lowerBound * width, (rows.count + 1) * width)
        func entry(_ number: Int) throws -> Int {
            let value: UInt64 =
                switch width {
                case 1: UInt64(try entries.load(UInt8.self, at: number))
                case 2: UInt64(try entries.load(UInt16.self, at: number * 2))
                case 4: UInt64(try entries.load(UInt32.self, at: number * 4))
                default: try entries.load(UInt64.self, at: number * 8)
                }
            guard let place = Int(exactly: value), place <= data.count else {
                throw entries.corrupt(
                    "row \(rows.lowerBound + number) at byte \(value) of \(data.count)", at: number * width)
            }
            return place
        }
        let (start, end) = (try entry(0), try entry(rows.count))
        guard start <= end else { throw entries.corrupt("rows from byte \(start) to \(end)") }
        return start..<end
    }

    private func bytes(_ place: Range<Int>) throws -> ByteView { try data.bytes(place.lowerBound, place.count) }

    func fixed(_ rows: Range<Int>, width: Int) throws -> Fixed {
        guard layers.lists == 0 else { return try walkFixed(bytes(indexed(rows)), width) }
        let stride = width + controlWidth
        let (start, startOverflow) = rows.lowerBound.multipliedReportingOverflow(by: stride)
        let (size, sizeOverflow) = rows.count.multipliedReportingOverflow(by: stride)
        guard !startOverflow, !sizeOverflow, size <= data.count, start <= data.count - size else {
            throw data.corrupt("rows \(rows) of \(stride) bytes in a page of \(data.count)")
        }
        let records = try data.bytes(start, size, "values")
        return controlWidth == 0 ? Fixed(values: records, count: rows.count) : try walkFixed(records, width)
    }

    /// The bytes of a row where no values are in lists; nil where it is null.
    func value(_ row: Int, lengthWidth: Int) throws -> ByteView? {
        let record = try bytes(indexed(row..<row + 1))
        return try value(in: record, lengthWidth: lengthWidth).map { try record.slice($0.lowerBound, $0.count) }
    }

    /// Where in a record its value stands; nil where it is null.
    private func value(in record: ByteView, lengthWidth: Int) throws -> Range<Int>? {
        guard record.count >= controlWidth else { throw record.corrupt("half a record") }
        if controlWidth > 0,
            try record.load(UInt8.self, at: 0) & UInt8(truncatingIfNeeded: (1 << definitionBits) - 1) != 0
        {
            return nil
        }
        let length =
            lengthWidth == 4
            ? UInt64(try record.load(UInt32.self, at: controlWidth)) : try record.load(UInt64.self, at: controlWidth)
        let start = controlWidth + lengthWidth
        guard start <= record.count, length == UInt64(record.count - start) else {
            throw record.corrupt("a value of \(length) bytes in a record of \(record.count)")
        }
        return start..<record.count
    }

    /// Where it stands where row `row` begins, in a file that is in memory.
    func indexMemory(of row: Int) -> UnsafeRawBufferPointer? {
        guard let index = try? page.buffer(1).inMemory else { return nil }
        let width = index.count / (page.rowCount + 1)
        return (try? index.slice(row * width, 2 * width))?.withUnsafeBytes { $0 }
    }

    func variable(_ rows: Range<Int>, lengthWidth: Int) throws -> Variable {
        try walkVariable(bytes(indexed(rows)), lengthWidth)
    }

    /// Rows that ascend, of values that are in no list.
    func variable(taking rows: [Int], lengthWidth: Int) throws -> Variable {
        let places = try rows.mapFetching { try indexed($0..<$0 + 1) }
        var spans: [Range<Int>] = []
        spans.reserveCapacity(rows.count)
        var definition: [UInt16]? = definitionBits > 0 ? [] : nil
        func add(_ record: ByteView, at start: Int) throws {
            let value = try value(in: record, lengthWidth: lengthWidth)
            spans.append(value.map { start + $0.lowerBound..<start + $0.upperBound } ?? 0..<0)
            definition?.append(value == nil ? 1 : 0)
        }
        let values: ByteView
        if let all = data.inMemory {
            for place in places { try add(all.slice(place.lowerBound, place.count), at: place.lowerBound) }
            values = all
        } else {
            // Of a damaged file rows may overlap, and be any number of times its bytes.
            var total = 0
            for place in places {
                total += place.count
                guard total <= data.count else {
                    throw data.corrupt("\(rows.count) rows of more than the \(data.count) bytes that they stand in")
                }
            }
            var joined = ByteWriter(reserving: total)
            for record in try places.mapFetching({ try bytes($0) }) {
                try add(record, at: joined.count)
                joined.write(record)
            }
            values = Region(copying: joined.bytes, name: data.name).view
        }
        return Variable(data: values, spans: spans, repetition: nil, definition: definition)
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

    private func walkFixed(_ data: ByteView, _ width: Int) throws -> Fixed {
        guard controlWidth > 0 else { throw data.corrupt("a full-zip page of lists without levels") }
        var levels = Levels(self)
        var values = ByteWriter(reserving: data.count)
        var count = 0
        try data.withUnsafeBytes { raw in
            var position = 0
            while position < data.count {
                guard controlWidth <= data.count - position else {
                    throw data.corrupt("half a record", at: position)
                }
                let level = levels.read(raw, at: position)
                position += controlWidth
                guard level <= layers.visible else { continue }
                guard width <= data.count - position else { throw data.corrupt("half a value", at: position) }
                values.write(UnsafeRawBufferPointer(rebasing: raw[position..<position + width]))
                position += width
                count += 1
            }
        }
        return Fixed(
            values: Region(copying: values.bytes, name: data.region.name).view, count: count,
            repetition: levels.repetition, definition: levels.definition)
    }

    private func walkVariable(_ data: ByteView, _ lengthWidth: Int) throws -> Variable {
        var levels = Levels(self)
        var spans: [Range<Int>] = []
        try data.withUnsafeBytes { raw in
            var position = 0
            while position < data.count {
                guard controlWidth <= data.count - position else {
                    throw data.corrupt("half a record", at: position)
                }
                let level = levels.read(raw, at: position)
                position += controlWidth
                guard level == 0 else {
                    if level <= layers.visible { spans.append(position..<position) }
                    continue
                }
                guard lengthWidth <= data.count - position else {
                    throw data.corrupt("half a length", at: position)
                }
                let length =
                    lengthWidth == 4
                    ? UInt64(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
                    : UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                position += lengthWidth
                guard length <= UInt64(data.count - position) else {
                    throw data.corrupt(
                        "a value of \(length) bytes, where \(data.count - position) are left", at: position)
                }
                spans.append(position..<position + Int(length))
                position += Int(length)
            }
        }
        return Variable(data: data, spans: spans, repetition: levels.repetition, definition: levels.definition)
    }
}
