// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// What a page gives for some of its rows: the values that have a place, and the levels that say how they are nested.
struct LeveledValues: Sendable {
    /// One a level that is visible: nulls have a place here, lists without items have none.
    var values: Column
    /// One an entry; nil where no value is in a list.
    var repetition: [UInt16]?
    /// One an entry; nil where nothing is null or empty.
    var definition: [UInt16]?
    let layers: Layers

    /// Checks that levels and values fit together, so that whoever goes through them need not.
    init(_ values: Column, repetition: [UInt16]? = nil, definition: [UInt16]? = nil, layers: Layers) throws {
        if let repetition {
            guard layers.lists > 0, repetition.allSatisfy({ $0 <= layers.lists }) else {
                throw Failure(.corrupt, "repetition levels above \(layers.lists)")
            }
            // A row begins with its first entry.
            guard repetition.first.map({ Int($0) == layers.lists }) ?? true else {
                throw Failure(.corrupt, "rows of lists whose first entry does not begin a row")
            }
        } else if layers.lists > 0 {
            throw Failure(.corrupt, "a page of lists without repetition levels")
        }
        var visible = repetition?.count ?? values.count
        if let definition {
            guard repetition.map({ $0.count == definition.count }) ?? true else {
                throw Failure(
                    .corrupt, "\(definition.count) definition and \(repetition?.count ?? 0) repetition levels")
            }
            var above = 0
            for level in definition {
                guard level <= layers.highest else {
                    throw Failure(.corrupt, "a definition level of \(level), where \(layers.highest) is the highest")
                }
                if level > layers.visible { above += 1 }
            }
            visible = definition.count - above
        }
        guard visible == values.count else {
            throw Failure(.corrupt, "levels of \(visible) values in a page part that has \(values.count)")
        }
        self.values = values
        self.repetition = repetition
        self.definition = definition
        self.layers = layers
    }

    /// Entries `range`, and their values.
    func slice(_ range: Range<Int>) throws -> LeveledValues {
        let entries = repetition?.count ?? values.count
        guard range.lowerBound >= 0, range.upperBound <= entries else {
            throw Failure(.corrupt, "\(entries) rows, where \(range) were expected")
        }
        if range == 0..<entries { return self }
        func visible(_ entries: Range<Int>) -> Int {
            guard let definition else { return entries.count }
            return definition[entries].reduce(0) { $0 + ($1 <= layers.visible ? 1 : 0) }
        }
        let first = visible(0..<range.lowerBound)
        return try LeveledValues(
            values.slice(first..<first + visible(range)), repetition: repetition.map { Array($0[range]) },
            definition: definition.map { Array($0[range]) }, layers: layers)
    }

    /// Rows `rows`, where the first row here has the number `first`.
    func rows(_ rows: Range<Int>, first: Int = 0) throws -> LeveledValues {
        let wanted = rows.lowerBound - first..<rows.upperBound - first
        guard let repetition else { return try slice(wanted) }
        var seen = 0
        var start: Int?
        var end: Int?
        for (entry, level) in repetition.enumerated() where Int(level) == layers.lists {
            if seen == wanted.lowerBound { start = entry }
            if seen == wanted.upperBound { end = entry }
            seen += 1
        }
        guard seen >= wanted.upperBound else {
            throw Failure(.corrupt, "\(seen) rows of lists, where \(wanted.upperBound) were expected")
        }
        return try slice((start ?? repetition.count)..<(end ?? repetition.count))
    }
}
