// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import ParquetReader
import TestSupport

/// A Parquet file: each column alone, so that one that is damaged does not hide the others, then all together.
enum ParquetTarget {
    private static let mostColumns = 24
    /// A file may say truly, in few bytes, that it has billions of nulls.
    private static let mostRows = 20_000
    private static let mostValues = 2000

    static func read(_ bytes: [UInt8]) throws {
        let file = try ParquetFile(Region(copying: bytes, name: "fuzz.parquet"))
        var attempts = Attempts()
        let names = file.schema.fields.prefix(mostColumns).filter {
            if case .other = $0.type { false } else { true }
        }.map(\.name)
        for name in names { try attempts.attempt { try read(file, [name], maxBytes: 4096) } }
        try attempts.attempt { try read(file, names, maxBytes: 8 << 20) }
        try attempts.finish()
    }

    private static func read(_ file: ParquetFile, _ columns: [String], maxBytes: Int) throws {
        var rows = 0
        var values = mostValues
        var batches = try file.batches(columns: columns, maxBytes: maxBytes)
        while rows < mostRows {
            guard let batch = try batches.next() else {
                try check(rows == file.rowCount, "\(rows) rows of \(file.rowCount)")
                return
            }
            try check(batch.count > 0, "a batch without rows")
            rows += batch.count
            for column in batch.columns {
                for row in 0..<min(column.count, values) { _ = try column.value(row) }
            }
            values -= min(batch.count, values)
        }
    }
}
