// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The small files of several writers that are kept with the tests; `Interop/parquet_matrix.py --fixtures` made them.
enum Fixtures {
    static var paths: [String] {
        get throws {
            let directory = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures").path
            return try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".parquet") }
                .sorted().map { "\(directory)/\($0)" }
        }
    }
}

@Suite struct FixtureTests {
    @Test func allFixturesReadAsTheirWritersMeantThem() throws {
        let paths = try Fixtures.paths
        #expect(paths.count >= 15)
        for path in paths { try Expectation.check(path) }
    }
}
