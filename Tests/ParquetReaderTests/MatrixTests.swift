// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Files by other writers, compared cell by cell with what pyarrow reads from them.
///
/// `Interop/parquet_matrix.py` makes the files and explains the text that they are compared with.
@Suite struct MatrixTests {
    static let directory = ProcessInfo.processInfo.environment["LANCE_INTEROP_DIR"].map { $0 + "/parquet" }

    @Test(
        .enabled(if: directory != nil, "Scripts/test makes the files and sets LANCE_INTEROP_DIR"),
        arguments: ["handmade", "fastparquet", "polars", "duckdb", "pyarrow"])
    func allFilesOf(writer: String) throws {
        let directory = try #require(Self.directory)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasPrefix(writer + "-") && $0.hasSuffix(".parquet") }.sorted()
        #expect(names.count >= 30, "\(directory) has only \(names.count) files of \(writer)")
        for name in names {
            do {
                try Expectation.check("\(directory)/\(name)")
            } catch {
                Issue.record("\(name): \(error)")
            }
        }
    }
}
