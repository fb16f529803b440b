// SPDX-License-Identifier: Apache-2.0
import Columnar
import Foundation
import LanceFile
import LanceVectorStore

/// Collects the values of one column from JSON.
final class NDJSONColumn {
    /// What the table may have at most, and so the most that a vector of a new table may have.
    private static let longestVector = 1 << 20

    private(set) var field: Field
    private var count = 0
    /// One entry a row, from the first null on; until then none is needed.
    private var validity: [Bool]?
    /// Values of a fixed width.
    private var bytes: [UInt8] = []
    /// Text, binary and booleans.
    private var builder: ColumnBuilder
    /// Items of vectors, and how many each has; 0 until the first vector says it.
    private var items: NDJSONColumn?
    private var length = 0

    init(_ field: Field) {
        self.field = field
        builder = ColumnBuilder(field.type)
        if case .fixedSizeList(let item, let length) = field.type {
            items = NDJSONColumn(Field(field.name, item))
            self.length = length
        }
    }

    /// The vector column of a table that is still to be made.
    convenience init(vectorsOfAnyLength name: String) {
        self.init(Field(name, .fixedSizeList(.float32, 0), nullable: false))
    }

    static func supports(_ type: DataType) -> Bool {
        switch type {
        case .list, .largeList, .structure, .map, .other: false
        case .fixedSizeList(let item, _): supports(item) && item.bitWidth != nil
        default: true
        }
    }

    /// Bytes that a row takes even when it is null.
    var rowBytes: Int {
        switch field.type {
        case .fixedSizeList: (items?.rowBytes ?? 0) * length
        default: field.type.byteWidth ?? 1
        }
    }

    func append(from scanner: inout JSONScanner) throws(JSONProblem) {
        let start = scanner.position
        if scanner.takeNull() {
            guard field.nullable else { throw scanner.problem("the column allows no nulls", at: start) }
            return appendNull()
        }
        switch field.type {
        case .fixedSizeList: try appendVector(&scanner)
        case .bool: builder.append(try scanner.bool())
        case .utf8, .largeUtf8: builder.append(try scanner.string())
        case .binary, .largeBinary:
            let data = try JSONValue.base64(&scanner)
            data.withUnsafeBytes { builder.append(bytes: $0) }
        case .null, .list, .largeList, .structure, .map, .other:
            throw scanner.problem("the column holds nothing but null")
        default: try JSONValue.appendFixed(field.type, from: &scanner, to: &bytes)
        }
        count += 1
        validity?.append(true)
    }

    func appendNull() {
        if validity == nil { validity = Array(repeating: true, count: count) }
        validity?.append(false)
        appendZeros(1)
    }

    /// What stands in the places of nulls.
    private func appendZeros(_ rows: Int) {
        count += rows
        switch field.type {
        case .fixedSizeList: items?.appendZeros(rows * length)
        case .bool: for _ in 0..<rows { builder.append(false) }
        case .utf8, .largeUtf8, .binary, .largeBinary: for _ in 0..<rows { builder.append("") }
        default: bytes.append(contentsOf: repeatElement(0, count: rows * (field.type.byteWidth ?? 0)))
        }
    }

    private func appendVector(_ scanner: inout JSONScanner) throws(JSONProblem) {
        guard let items else { return }
        let start = scanner.position
        let limit = length == 0 ? Self.longestVector : length
        var found = 0
        try scanner.array { scanner throws(JSONProblem) in
            guard found < limit else { throw scanner.problem("more than \(limit) numbers", at: start) }
            guard !scanner.takeNull() else { throw scanner.problem("number \(found) is null") }
            try items.append(from: &scanner)
            found += 1
        }
        if length == 0 {
            guard found > 0 else { throw scanner.problem("an empty vector", at: start) }
            length = found
            field.type = .fixedSizeList(items.field.type, found)
        }
        guard found == length else { throw scanner.problem("\(found) numbers, expected \(length)", at: start) }
    }

    /// The rows so far; begins anew.
    func finish() throws -> Column {
        defer {
            count = 0
            validity = nil
            bytes.removeAll(keepingCapacity: true)
            builder = ColumnBuilder(field.type)
        }
        switch field.type {
        case .null: return try Column.nulls(.null, count: count)
        case .fixedSizeList:
            guard let values = try items?.finish() else { break }
            let column = try Column(
                field.type, count: count, storage: .fixedSizeList(items: values, length: length))
            return try masked(column)
        case .bool, .utf8, .largeUtf8, .binary, .largeBinary: return try masked(builder.finish())
        default: break
        }
        return try bytes.withUnsafeBytes { try Column(field.type, count: count, copying: $0, validity: validity) }
    }

    /// The column with the nulls where they belong.
    private func masked(_ column: Column) throws -> Column {
        guard let validity else { return column }
        return try column.masked(validity)
    }
}
