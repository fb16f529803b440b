// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto

/// One chunk of a mini-block page, taken apart.
struct MiniBlockChunk {
    /// Values that it holds; nulls have a place.
    var count: Int
    /// Definition levels; empty where the page has none.
    var definition: ByteView
    var values: [ByteView]
}

/// The chunks of a mini-block page (format reference: mini-block layout).
///
/// ```
/// word, u16 or (large chunks) u32: size of the chunk in 8-byte units, minus 1 << 4 | log2 of its values
/// the last chunk holds what is left, whatever its log2 says
///
/// chunk  u16 levels | u16 bytes of definition, if there are levels | u16 or u32 bytes of each value buffer
///        pad to 8 | definition | pad to 8 | value buffer 0 | pad to 8 | …
/// ```
struct MiniBlockChunks {
    struct Place {
        var rows: Range<Int>
        var bytes: Range<Int>
    }

    private let places: [Place]
    private let data: ByteView
    private let hasLevels: Bool
    private let isLarge: Bool
    private let valueBuffers: Int

    /// A word has four bits for the logarithm.
    private static let mostValues = 1 << 15
    /// More than any encoding has.
    private static let mostBuffers = 16

    init(_ block: ProtoMiniBlockLayout, words: ByteView, data: ByteView, rows: Int) throws {
        guard let buffers = Int(exactly: block.numBuffers), (1...Self.mostBuffers).contains(buffers) else {
            throw words.corrupt("chunks of \(block.numBuffers) buffers")
        }
        valueBuffers = buffers
        hasLevels = block.hasDefCompression
        isLarge = block.hasLargeChunk_p
        self.data = data
        let wordSize = isLarge ? 4 : 2
        guard words.count % wordSize == 0 else { throw words.corrupt("\(words.count) bytes of chunk sizes") }
        let chunks = words.count / wordSize
        var places: [Place] = []
        places.reserveCapacity(chunks)
        var row = 0
        var position = 0
        for index in 0..<chunks {
            let word = try Int(
                isLarge ? words.load(UInt32.self, at: index * 4) : UInt32(words.load(UInt16.self, at: index * 2)))
            let size = (word >> 4 + 1) * 8
            let count = index == chunks - 1 ? rows - row : 1 << (word & 15)
            guard count > 0, count <= min(rows - row, Self.mostValues), size <= data.count - position else {
                throw words.corrupt(
                    "chunk \(index) of \(count) rows and \(size) bytes, where \(rows - row) rows and "
                        + "\(data.count - position) bytes are left", at: index * wordSize)
            }
            places.append(Place(rows: row..<row + count, bytes: position..<position + size))
            row += count
            position += size
        }
        guard row == rows else { throw words.corrupt("chunks of \(row) rows in a page of \(rows)") }
        self.places = places
    }

    /// Those that hold any of `rows`, found by halving.
    func places(overlapping rows: Range<Int>) -> ArraySlice<Place> {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].rows.upperBound <= rows.lowerBound { low = middle + 1 } else { high = middle }
        }
        return places[low...].prefix { $0.rows.lowerBound < rows.upperBound }
    }

    func chunk(_ place: Place) throws -> MiniBlockChunk {
        var reader = ByteReader(try data.slice(place.bytes.lowerBound, place.bytes.count, "a chunk"))
        let levels = Int(try reader.read(UInt16.self))
        guard levels == (hasLevels ? place.rows.count : 0) else {
            throw reader.corrupt("a chunk of \(place.rows.count) values with \(levels) levels")
        }
        let definitionSize = hasLevels ? Int(try reader.read(UInt16.self)) : 0
        var sizes: [Int] = []
        for _ in 0..<valueBuffers {
            sizes.append(Int(isLarge ? try reader.read(UInt32.self) : UInt32(try reader.read(UInt16.self))))
        }
        try Self.align(&reader)
        let definition = try reader.bytes(definitionSize, "definition levels")
        try Self.align(&reader)
        var values: [ByteView] = []
        for (index, size) in sizes.enumerated() {
            if index > 0 { try Self.align(&reader) }
            values.append(try reader.bytes(size, "values of a chunk"))
        }
        return MiniBlockChunk(count: place.rows.count, definition: definition, values: values)
    }

    private static func align(_ reader: inout ByteReader) throws {
        let rest = reader.position % 8
        if rest != 0 { try reader.skip(8 - rest) }
    }
}
