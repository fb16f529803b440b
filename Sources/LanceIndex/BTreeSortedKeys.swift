// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar

/// A run of a BTREE's values, in its order: nulls first, then ascending.
enum SortedKeys: Sendable {
    case text(SortedText)
    case integers(SortedIntegers)

    init(_ column: Column) throws {
        if let text = SortedText(column) {
            self = .text(text)
        } else if let integers = SortedIntegers(column) {
            self = .integers(integers)
        } else {
            throw Failure(.unsupported, "a BTREE index over \(column.type); supported are \(DataType.btreeKeys)")
        }
    }

    var count: Int {
        switch self {
        case .text(let text): text.count
        case .integers(let integers): integers.count
        }
    }

    /// Bytes that the values take beyond those of the file.
    var byteCount: Int {
        switch self {
        case .text(let text): text.byteCount
        case .integers(let integers): integers.byteCount
        }
    }

    func isNull(_ row: Int) throws -> Bool {
        switch self {
        case .text(let text): try text.isNull(row)
        case .integers(let integers): integers.isNull(row)
        }
    }

    /// How many values come before `key`: nulls, and lesser ones.
    func countBefore(_ key: BTreeKey) throws -> Int {
        switch (self, key) {
        case (.text(let text), .text(let key)): try text.countBefore(key)
        case (.integers(let integers), .integer(let key)): integers.countBefore(key)
        default: throw mismatch
        }
    }

    /// Whether a value is `key` or comes before it.
    func isNotAfter(_ key: BTreeKey, _ row: Int) throws -> Bool {
        switch (self, key) {
        case (.text(let text), .text(let key)): try text.isNotAfter(key, row)
        case (.integers(let integers), .integer(let key)): integers.isNull(row) || integers.value(row) <= key
        default: throw mismatch
        }
    }

    /// How many values from `row` on are `key`.
    func run(of key: BTreeKey, from row: Int) throws -> Int {
        switch (self, key) {
        case (.text(let text), .text(let key)): try text.run(of: key, from: row)
        case (.integers(let integers), .integer(let key)): integers.run(of: key, from: row)
        default: throw mismatch
        }
    }

    private var mismatch: Failure {
        Failure(.invalidArgument, "a text was looked for in an index over integers, or the other way round")
    }

    /// Less than, equal to or greater than zero as value `row` stands to value `otherRow` of `other`.
    func order(_ row: Int, _ other: SortedKeys, _ otherRow: Int) throws -> Int {
        switch (self, other) {
        case (.text(let a), .text(let b)): return try a.order(row, b, otherRow)
        case (.integers(let a), .integers(let b)): return a.order(row, b, otherRow)
        default: throw Failure(.corrupt, "an index whose files hold values of different types")
        }
    }
}
