// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import ObjectStorage
import ParquetReader
import Testing

/// Compares a file with the text beside it, which `Interop/parquet_expect.py` wrote and explains.
enum Expectation {
    static func check(_ path: String) throws {
        let text = try String(contentsOfFile: path + ".expect", encoding: .utf8)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        let rows = try #require(lines.isEmpty ? nil : Int(lines.removeFirst()))
        let file = try ParquetFile(FileSource(path: path))
        #expect(file.rowCount == rows)
        #expect(file.schema.fields.count == lines.count)
        var known: [(field: Field, cells: Substring)] = []
        for (line, field) in zip(lines, file.schema.fields) {
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            #expect(String(parts[1]) == field.name)
            if parts[0] == "U" {
                checkUnsupported(file, field, path)
                continue
            }
            #expect(String(parts[2]) == field.type.description, "\(path): \(field.name)")
            #expect((parts[3] == "1") == field.nullable, "\(path): \(field.name)")
            known.append((field, parts[4]))
        }
        // All columns together in one go, then in small batches that cut pages, then some columns alone.
        try compare(file, known, maxBytes: 8 << 20, path)
        try compare(file, known, maxBytes: 3000, path)
        for column in known.indices where column % 5 == 0 { try compare(file, [known[column]], maxBytes: 100, path) }
    }

    private static func checkUnsupported(_ file: ParquetFile, _ field: Field, _ path: String) {
        guard case .other(let name) = field.type else {
            Issue.record("\(path): \(field.name) is \(field.type)")
            return
        }
        let failure = #expect(throws: Failure.self) { try file.batches(columns: [field.name]) }
        #expect(failure?.code == .unsupported)
        #expect(failure.map { $0.message.contains("'\(field.name)'") && $0.message.contains(name) } ?? false)
    }

    private static func compare(
        _ file: ParquetFile, _ columns: [(field: Field, cells: Substring)], maxBytes: Int, _ path: String
    ) throws {
        var found = [[UInt8]](repeating: [], count: columns.count)
        var batches = try file.batches(columns: columns.map(\.field.name), maxBytes: maxBytes)
        var rows = 0
        while let batch = try batches.next() {
            #expect(batch.count > 0)
            rows += batch.count
            for (index, column) in batch.columns.enumerated() {
                for row in 0..<column.count {
                    if !found[index].isEmpty { found[index].append(UInt8(ascii: " ")) }
                    CanonicalText.append(column, row, to: &found[index])
                }
            }
        }
        #expect(rows == file.rowCount)
        for (column, bytes) in zip(columns, found) where !column.cells.utf8.elementsEqual(bytes) {
            let found = String(decoding: bytes, as: UTF8.self).split(separator: " ")
            let wanted = column.cells.split(separator: " ")
            let row = zip(found, wanted).enumerated().first { $0.element.0 != $0.element.1 }?.offset
            Issue.record(
                """
                \(path): column \(column.field.name) \(column.field.type), batches of \(maxBytes): row \(row ?? -1): \
                found \(row.map { found[$0] } ?? "\(found.count) cells"), expected \
                \(row.map { wanted[$0] } ?? "\(wanted.count)")
                """)
        }
    }
}
