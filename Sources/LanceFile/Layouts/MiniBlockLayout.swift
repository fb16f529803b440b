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
    /// last      repetition index, in pages of lists: which rows each chunk has
    /// ```
    func decodeMiniBlock(_ block: ProtoMiniBlockLayout, _ type: DataType, _ rows: Range<Int>) throws -> LeveledValues {
        let layers = try Layers(block.layers)
        guard !block.hasDefCompression || layers.highest > 0 else {
            throw Failure(.corrupt, "a page with definition levels whose layers say that nothing is null")
        }
        let valueType = block.hasDictionary ? try DictionaryIndices.type(of: block.valueCompression, for: type) : type
        let chunks = try page.cache.chunks { try MiniBlockChunks(block, layers, page) }
        let wanted = chunks.places(overlapping: rows)
        var values: [Column] = []
        var repetition: [UInt16]? = block.hasRepCompression ? [] : nil
        var definition: [UInt16]? = block.hasDefCompression ? [] : nil
        var levelCount = 0
        var byteCount = 0
        let (items, parts) = try fetchingBoth(
            { try dictionary(block, type) }, { try wanted.mapFetching { ($0, try chunks.chunk($0)) } })
        for (place, chunk) in parts {
            if layers.lists > 0 {
                levelCount += chunk.levels
                try Self.checkItems(levelCount, of: page.file)
            }
            let part = try MiniBlockValues.decode(
                block.valueCompression, valueType, chunk.values, count: chunk.count, cache: page.cache)
            // Of lists, rows are found by the levels of all the chunks; of anything else, values are rows.
            let kept = layers.lists > 0 ? 0..<chunk.count : Self.part(of: place.values, rows)
            values.append(try part.slice(kept))
            // A row of lists may fill any number of chunks, and a chunk of a few bytes hold many values.
            byteCount += part.byteCount
            _ = try Self.made(max(byteCount - page.file.count, 0), 1)
            if block.hasRepCompression {
                repetition? += try Self.levels(block.repCompression, chunk.repetition, count: chunk.levels)
            }
            if block.hasDefCompression {
                let levels = try Self.levels(block.defCompression, chunk.definition, count: chunk.levels)
                definition? += layers.lists > 0 ? levels[...] : levels[kept]
            }
        }
        var column = try Column.concatenate(values, type: valueType)
        if let items { column = try Self.expand(column, items, layers, definition) }
        guard layers.lists > 0, let place = wanted.first, let levels = repetition else {
            return try LeveledValues(column, repetition: repetition, definition: definition, layers: layers)
        }
        // A chunk may begin with the end of a row that is not asked for.
        let tail = levels.firstIndex { Int($0) == layers.lists } ?? levels.count
        let visible = definition.map { $0[..<tail].reduce(0) { $0 + (Int($1) <= layers.visible ? 1 : 0) } } ?? tail
        guard visible <= column.count else {
            throw Failure(.corrupt, "levels of \(visible) values in a page part that has \(column.count)")
        }
        return try LeveledValues(
            column.slice(visible..<column.count), repetition: Array(levels[tail...]),
            definition: definition.map { Array($0[min(tail, $0.count)...]) }, layers: layers
        ).rows(rows, first: place.rows.lowerBound)
    }

    /// Rows that ascend, each chunk of which is decoded once; nil where values are in lists.
    func takeMiniBlock(_ block: ProtoMiniBlockLayout, _ rows: [Int]) throws -> LeveledValues? {
        let layers = try Layers(block.layers)
        guard layers.lists == 0, !block.hasRepCompression, block.hasDefCompression || layers.highest == 0 else {
            return nil
        }
        let valueType = block.hasDictionary ? try DictionaryIndices.type(of: block.valueCompression, for: type) : type
        let chunks = try page.cache.chunks { try MiniBlockChunks(block, layers, page) }
        var values: [Column] = []
        var definition: [UInt16]? = block.hasDefCompression ? [] : nil
        var parts: [(place: MiniBlockChunks.Place, rows: ArraySlice<Int>)] = []
        var rest = rows[...]
        while let first = rest.first {
            guard let place = chunks.place(of: first) else { throw Failure(.corrupt, "no chunk has row \(first)") }
            parts.append((place, rest.prefix { $0 < place.values.upperBound }))
            rest = rest.dropFirst(parts[parts.count - 1].rows.count)
        }
        let (items, found) = try fetchingBoth(
            { try dictionary(block, type) }, { try parts.mapFetching { try chunks.chunk($0.place) } })
        for ((place, here), chunk) in zip(parts, found) {
            let wanted = here.map { $0 - place.values.lowerBound }
            values.append(
                try MiniBlockValues.take(
                    wanted, block.valueCompression, valueType, chunk.values, count: chunk.count, cache: page.cache))
            if block.hasDefCompression {
                let levels = try Self.levels(block.defCompression, chunk.definition, count: chunk.levels)
                definition? += wanted.map { levels[$0] }
            }
        }
        var column = try Column.concatenate(values, type: valueType)
        if let items { column = try Self.expand(column, items, layers, definition) }
        return try LeveledValues(column, definition: definition, layers: layers)
    }

    private static func part(of values: Range<Int>, _ rows: Range<Int>) -> Range<Int> {
        let wanted = rows.clamped(to: values)
        return wanted.lowerBound - values.lowerBound..<wanted.upperBound - values.lowerBound
    }

    /// Nil for a page without one.
    private func dictionary(_ block: ProtoMiniBlockLayout, _ type: DataType) throws -> Column? {
        guard block.hasDictionary else { return nil }
        guard let count = Int(exactly: block.numDictionaryItems) else {
            throw Failure(.corrupt, "a dictionary of \(block.numDictionaryItems) items")
        }
        return try page.cache.dictionary {
            try BlockValues.decode(block.dictionary, type, page.buffer(2).bytes(), count: count)
        }
    }

    private static func expand(_ indices: Column, _ items: Column, _ layers: Layers, _ definition: [UInt16]?) throws
        -> Column
    {
        try ArrayDecoder.expand(
            items,
            DictionaryIndices.indices(
                indices, of: items.count, definition: definition?.filter { Int($0) <= layers.visible }))
    }
}
