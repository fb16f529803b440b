// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto

/// One chunk of a mini-block page, taken apart.
struct MiniBlockChunk {
    /// Values that it holds; nulls have a place.
    var count: Int
    /// Entries of each of its levels: more than values where lists are null or empty.
    var levels: Int
    /// Empty where the page has none.
    var repetition: ByteView
    var definition: ByteView
    var values: [ByteView]
}

/// The chunks of a mini-block page (format reference: mini-block layout).
///
/// ```
/// word, u16 or (large chunks) u32: size of the chunk in 8-byte units, minus 1 << 4 | log2 of its values
/// the last chunk holds what is left, whatever its log2 says
///
/// chunk  u16 levels | u16 bytes of repetition | u16 bytes of definition | u16 or u32 bytes of each value buffer
///        (of the levels, only those that the page has)
///        pad to 8 | repetition | pad to 8 | definition | pad to 8 | value buffer 0 | pad to 8 | …
///
/// repetition index, in pages of lists: a chunk has two u64 (or more): rows that end in it, and items that are left
/// over after the last such row
/// ```
struct MiniBlockChunks: Sendable {
    struct Place: Sendable {
        /// Numbers of the values in the page.
        var values: Range<Int>
        /// Rows that begin in the chunk: without lists, the values.
        var rows: Range<Int>
        /// The chunk begins with the end of the row before these.
        var continues: Bool
        var bytes: Range<Int>
    }

    private var places: [Place]
    private let data: FileView
    private let hasRepetition: Bool
    private let hasDefinition: Bool
    private let hasLists: Bool
    private let isLarge: Bool
    private let valueBuffers: Int

    /// A word has four bits for the logarithm.
    private static let mostValues = 1 << 15
    /// More than any encoding has.
    private static let mostBuffers = 16

    init(_ block: ProtoMiniBlockLayout, _ layers: Layers, _ page: Page) throws {
        let index = try [page.buffer(0), block.repetitionIndexDepth > 0 ? page.buffers.last : nil]
            .mapFetching { try $0?.bytes() ?? .empty }
        let words = index[0]
        data = try page.buffer(1)
        hasLists = layers.lists > 0
        guard let buffers = Int(exactly: block.numBuffers), (1...Self.mostBuffers).contains(buffers) else {
            throw words.corrupt("chunks of \(block.numBuffers) buffers")
        }
        guard let items = Int(exactly: block.numItems), hasLists || items == page.rowCount else {
            throw Failure(.corrupt, "a mini-block page of \(page.rowCount) rows with \(block.numItems) values")
        }
        valueBuffers = buffers
        hasRepetition = block.hasRepCompression
        hasDefinition = block.hasDefCompression
        isLarge = block.hasLargeChunk_p
        let wordSize = isLarge ? 4 : 2
        guard words.count % wordSize == 0 else { throw words.corrupt("\(words.count) bytes of chunk sizes") }
        let chunks = words.count / wordSize
        places = []
        places.reserveCapacity(chunks)
        var value = 0
        var position = 0
        for index in 0..<chunks {
            let word = try Int(
                isLarge ? words.load(UInt32.self, at: index * 4) : UInt32(words.load(UInt16.self, at: index * 2)))
            let size = (word >> 4 + 1) * 8
            let count = index == chunks - 1 ? items - value : 1 << (word & 15)
            guard count > 0 || (hasLists && count == 0), count <= min(items - value, Self.mostValues),
                size <= data.count - position
            else {
                throw words.corrupt(
                    "chunk \(index) of \(count) values and \(size) bytes, where \(items - value) values and "
                        + "\(data.count - position) bytes are left", at: index * wordSize)
            }
            let values = value..<value + count
            places.append(
                Place(values: values, rows: values, continues: false, bytes: position..<position + size))
            value += count
            position += size
        }
        guard value == items else { throw words.corrupt("chunks of \(value) values in a page of \(items)") }
        if hasLists { try readRepetitionIndex(block, index[1], page) }
    }

    private mutating func readRepetitionIndex(_ block: ProtoMiniBlockLayout, _ index: ByteView, _ page: Page) throws {
        guard block.repetitionIndexDepth > 0, page.buffers.count > 2 else {
            throw Failure(
                .unsupported, "a page of lists without a repetition index is not supported; read the other columns")
        }
        let (entries, overflow) = Int(block.repetitionIndexDepth).addingReportingOverflow(1)
        let (width, tooWide) = entries.multipliedReportingOverflow(by: 8)
        let (size, tooMany) = width.multipliedReportingOverflow(by: places.count)
        guard !overflow, !tooWide, !tooMany, index.count == size else {
            throw index.corrupt("a repetition index of \(index.count) bytes for \(places.count) chunks")
        }
        var row = 0
        var isOpen = false
        for chunk in places.indices {
            let ends = try index.load(UInt64.self, at: chunk * width)
            let isPartial = try index.load(UInt64.self, at: chunk * width + 8) > 0
            guard let ends = Int(exactly: ends), ends <= page.rowCount else {
                throw index.corrupt("a chunk in which \(ends) rows end, of \(page.rowCount)", at: chunk * width)
            }
            let starts = ends + (isPartial ? 1 : 0) - (isOpen ? 1 : 0)
            guard starts >= 0, starts <= page.rowCount - row else {
                throw index.corrupt("a chunk in which \(starts) rows begin", at: chunk * width)
            }
            places[chunk].rows = row..<row + starts
            places[chunk].continues = isOpen
            row += starts
            isOpen = isPartial
        }
        guard row == page.rowCount, !isOpen else { throw index.corrupt("\(row) rows in a page of \(page.rowCount)") }
    }

    /// Those that hold any of `rows`, found by halving.
    func places(overlapping rows: Range<Int>) -> ArraySlice<Place> {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].rows.upperBound <= rows.lowerBound { low = middle + 1 } else { high = middle }
        }
        return places[low...].prefix { place in
            place.rows.lowerBound < rows.upperBound || (place.continues && place.rows.lowerBound == rows.upperBound)
        }
    }

    /// The chunk of a value.
    func place(of value: Int) -> Place? {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].values.upperBound <= value { low = middle + 1 } else { high = middle }
        }
        return low < places.count ? places[low] : nil
    }

    func memory(_ place: Place) -> UnsafeRawBufferPointer? {
        (try? data.inMemory?.slice(place.bytes.lowerBound, place.bytes.count))?.withUnsafeBytes { $0 }
    }

    /// The definition levels and the values of a chunk without lists that has one value buffer.
    func single(_ place: Place) throws -> (definition: ByteView, values: ByteView) {
        let bytes = try data.bytes(place.bytes.lowerBound, place.bytes.count, "a chunk")
        let levels = Int(try bytes.load(UInt16.self, at: 0))
        guard levels == (hasDefinition ? place.values.count : 0) else {
            throw bytes.corrupt("a chunk of \(place.values.count) values with \(levels) levels")
        }
        let definitionSize = hasDefinition ? Int(try bytes.load(UInt16.self, at: 2)) : 0
        let header = hasDefinition ? 4 : 2
        let size = isLarge ? Int(try bytes.load(UInt32.self, at: header)) : Int(try bytes.load(UInt16.self, at: header))
        let first = (header + (isLarge ? 4 : 2) + 7) / 8 * 8
        let second = (first + definitionSize + 7) / 8 * 8
        return (
            try bytes.slice(first, definitionSize, "definition levels"),
            try bytes.slice(second, size, "values of a chunk")
        )
    }

    func chunk(_ place: Place) throws -> MiniBlockChunk {
        var reader = ByteReader(try data.bytes(place.bytes.lowerBound, place.bytes.count, "a chunk"))
        let levels = Int(try reader.read(UInt16.self))
        let isRight = hasLists ? levels >= place.values.count : levels == (hasDefinition ? place.values.count : 0)
        guard isRight else {
            throw reader.corrupt("a chunk of \(place.values.count) values with \(levels) levels")
        }
        let repetitionSize = hasRepetition ? Int(try reader.read(UInt16.self)) : 0
        let definitionSize = hasDefinition ? Int(try reader.read(UInt16.self)) : 0
        var sizes: [Int] = []
        for _ in 0..<valueBuffers {
            sizes.append(Int(isLarge ? try reader.read(UInt32.self) : UInt32(try reader.read(UInt16.self))))
        }
        try Self.align(&reader)
        let repetition = try reader.bytes(repetitionSize, "repetition levels")
        try Self.align(&reader)
        let definition = try reader.bytes(definitionSize, "definition levels")
        try Self.align(&reader)
        var values: [ByteView] = []
        for (index, size) in sizes.enumerated() {
            if index > 0 { try Self.align(&reader) }
            values.append(try reader.bytes(size, "values of a chunk"))
        }
        return MiniBlockChunk(
            count: place.values.count, levels: levels, repetition: repetition, definition: definition, values: values)
    }

    private static func align(_ reader: inout ByteReader) throws {
        let rest = reader.position % 8
        if rest != 0 { try reader.skip(8 - rest) }
    }
}
