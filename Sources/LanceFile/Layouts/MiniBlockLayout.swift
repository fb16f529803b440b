// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

extension LayoutDecoder {
    /// Small values, in chunks of a few kilobytes that are encoded each for itself.
    ///
    /// ```
    /// buffer 0  a word a chunk (MiniBlockChunks)
    /// buffer 1  chunks
    /// buffer 2  dictionary, in pages that have one: values are then indices into it
    /// ```
    func decodeMiniBlock(_ block: ProtoMiniBlockLayout, _ type: DataType, _ rows: Range<Int>) throws -> Column {
        guard !block.hasRepCompression, block.repetitionIndexDepth == 0 else {
            throw Self.unsupported("of lists", type)
        }
        guard try isNullable(block.layers, type) || !block.hasDefCompression else {
            throw Failure(.corrupt, "a page with definition levels whose layers say that nothing is null")
        }
        guard block.numItems == UInt64(page.rowCount) else {
            throw Failure(.corrupt, "a mini-block page of \(page.rowCount) rows with \(block.numItems) values")
        }
        let valueType = block.hasDictionary ? try DictionaryIndices.type(of: block.valueCompression, for: type) : type
        let chunks = try MiniBlockChunks(block, words: page.buffer(0), data: page.buffer(1), rows: page.rowCount)
        var parts: [Column] = []
        for place in chunks.places(overlapping: rows) {
            let values = try decode(chunks.chunk(place), block, valueType)
            let wanted = rows.clamped(to: place.rows)
            parts.append(
                try values.slice(wanted.lowerBound - place.rows.lowerBound..<wanted.upperBound - place.rows.lowerBound))
        }
        let values = try Column.concatenate(parts, type: valueType)
        guard block.hasDictionary else { return values }
        guard let count = Int(exactly: block.numDictionaryItems) else {
            throw Failure(.corrupt, "a dictionary of \(block.numDictionaryItems) items")
        }
        let items = try BlockValues.decode(block.dictionary, type, page.buffer(2), count: count)
        return try ArrayDecoder.expand(items, DictionaryIndices.indices(values, of: count))
    }

    private func decode(_ chunk: MiniBlockChunk, _ block: ProtoMiniBlockLayout, _ type: DataType) throws -> Column {
        let values = try MiniBlockValues.decode(block.valueCompression, type, chunk.values, count: chunk.count)
        guard block.hasDefCompression else { return values }
        let levels = try BlockValues.decode(block.defCompression, .uint16, chunk.definition, count: chunk.count)
        return try Column(type, count: chunk.count, validity: Self.validity(levels), storage: values.storage)
    }
}
