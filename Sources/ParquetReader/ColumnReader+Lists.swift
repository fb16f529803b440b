// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

extension ColumnReader {
    /// A list of more bytes is refused: nulls and dictionary values can make huge ones out of hardly any bytes.
    static var maxListBytes: Int { 64 << 20 }

    mutating func readLists(_ rows: Int, limit: Int) throws -> Column {
        var lists = ListAssembler(nullable: column.nullable, maxDefinition: column.maxDefinition)
        let output = makeBuffer(rows, limit: limit)
        // Even a block of nulls may not be larger than a list.
        let blockSize = min(Self.blockSize, max(Self.maxListBytes / max(column.width ?? 8, 1), 1))
        var wanted = rows
        while try fill() {
            let size = min(blockSize, left)
            let before = (repetition, definition)
            try repetitions.decode(size, from: &repetition)
            try levels.decode(size, from: &definition)
            let taken = try repetitions.withUnsafeBufferPointer {
                try lists.prefix(UnsafeBufferPointer(rebasing: $0[..<size]), rows: wanted)
            }
            if taken < size {
                (repetition, definition) = before
                try repetitions.decode(taken, from: &repetition)
                try levels.decode(taken, from: &definition)
            }
            try readItems(taken, &lists, output)
            take(taken)
            if taken < size { break }
            // Enough bytes: the list that has begun is the last one.
            if Self.bytes(output, lists) >= limit { wanted = lists.count }
        }
        guard lists.count == rows || wanted < rows else {
            throw Failure(.corrupt, "the lists end after \(rowsRead + lists.count) of \(rowCount) rows")
        }
        return try finish(lists, output)
    }

    private static func bytes(_ output: ValueBuffer, _ lists: ListAssembler) -> Int {
        output.byteCount + (output.width == nil ? lists.itemCount * 8 : 0)
    }

    /// Adds the items among the first `count` levels of the block.
    private mutating func readItems(_ count: Int, _ lists: inout ListAssembler, _ output: ValueBuffer) throws {
        let slots = try repetitions.withUnsafeBufferPointer { repetitions in
            try levels.withUnsafeMutableBufferPointer { levels in
                try lists.append(
                    UnsafeBufferPointer(rebasing: repetitions[..<count]),
                    UnsafeMutableBufferPointer(rebasing: levels[..<count]))
            }
        }
        let valid = levels.count(of: column.maxDefinition, in: slots)
        let decoded = try decode(valid, into: output, limit: output.byteCount + Self.maxListBytes)
        guard decoded == valid else { throw Self.tooLong }
        levels.withUnsafeBufferPointer { levels in
            let levels = UnsafeBufferPointer(rebasing: levels[..<slots])
            output.spread(valid: valid, levels: levels, level: column.maxDefinition)
            lists.appendItems(levels, valid: valid)
        }
        // The last list may go on in the next block.
        let first = lists.offsets.last ?? 0
        let start = output.width.map { $0 * first } ?? output.offsets[first] + first * 8
        guard Self.bytes(output, lists) - start <= Self.maxListBytes else { throw Self.tooLong }
    }

    private static var tooLong: Failure {
        Failure(.unsupported, "a list of more than \(maxListBytes >> 20) MiB cannot be read")
    }

    private mutating func finish(_ lists: ListAssembler, _ output: ValueBuffer) throws -> Column {
        let items: Column
        do {
            items = try column.conversion.column(
                column.valueType, output, count: lists.itemCount, validity: lists.items.finish())
        } catch var invalid as InvalidValue {
            invalid.index = lists.row(ofItem: invalid.index)
            throw invalid
        }
        return try Column(
            column.type, count: lists.count, validity: lists.lists.finish(),
            storage: .list(offsets: lists.offsets + [lists.itemCount], items: items))
    }
}
