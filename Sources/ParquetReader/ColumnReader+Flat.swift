// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

extension ColumnReader {
    /// Shorter runs of levels are not worth a step of their own.
    private static var shortestRun: Int { 64 }

    mutating func readFlat(_ rows: Int, limit: Int) throws -> Column {
        let output = makeBuffer(rows, limit: limit)
        var validity = ValidityBits()
        while validity.count < rows, validity.count == 0 || output.byteCount < limit {
            guard try fill() else {
                throw Failure(.corrupt, "the values end after \(rowsRead + validity.count) of \(rowCount) rows")
            }
            let most = min(rows - validity.count, left)
            let run = try column.maxDefinition == 0 ? (level: 0, count: most) : definition.repetition(limit: most)
            if let run, run.count >= min(Self.shortestRun, most) {
                let isNull = run.level < column.maxDefinition
                let taken = isNull ? run.count : try decode(run.count, into: output, limit: limit)
                if isNull {
                    output.appendNulls(taken)
                    validity.append(nulls: taken)
                } else {
                    validity.append(valid: taken)
                }
                if column.maxDefinition > 0 { definition.consume(taken) }
                take(taken)
            } else {
                take(try readMixed(min(most, Self.blockSize), output, &validity, limit: limit))
            }
        }
        let bits = try validity.finish()
        return try column.conversion.column(column.valueType, output, count: validity.count, validity: bits)
    }

    /// Reads values with nulls between them; returns how many of the page's values that took.
    private mutating func readMixed(
        _ count: Int, _ output: ValueBuffer, _ validity: inout ValidityBits, limit: Int
    ) throws -> Int {
        let before = definition
        try levels.decode(count, from: &definition)
        let valid = levels.count(of: column.maxDefinition, in: count)
        let decoded = try decode(valid, into: output, limit: limit)
        var taken = count
        if decoded < valid {
            // The limit was reached: the block ends after the last decoded value.
            taken = levels.end(of: decoded, column.maxDefinition, in: count)
            definition = before
            try levels.decode(taken, from: &definition)
        }
        levels.withUnsafeBufferPointer { levels in
            let levels = UnsafeBufferPointer(rebasing: levels[..<taken])
            output.spread(valid: decoded, levels: levels, level: column.maxDefinition)
            validity.append(levels, level: column.maxDefinition, valid: decoded)
        }
        return taken
    }
}

extension [UInt8] {
    /// The next `count` levels, at most as many as the array has.
    mutating func decode(_ count: Int, from decoder: inout LevelDecoder) throws {
        try withUnsafeMutableBufferPointer { block in
            if let base = block.baseAddress { try decoder.decode(count, into: base) }
        }
    }

    /// How many of the first `limit` elements are `level`.
    func count(of level: UInt8, in limit: Int) -> Int {
        withUnsafeBufferPointer { levels in
            var total = 0
            for index in 0..<limit where levels[index] == level { total += 1 }
            return total
        }
    }

    /// The place after the `wanted`th element that is `level`.
    fileprivate func end(of wanted: Int, _ level: UInt8, in limit: Int) -> Int {
        var seen = 0
        for index in 0..<limit where self[index] == level {
            seen += 1
            if seen == wanted { return index + 1 }
        }
        return limit
    }
}
