// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceIndex
import LanceTable
import ObjectStorage
import TestSupport
import Testing

/// Indices of the official library (Fixtures/btree/make.py): merged, in segments, with deleted rows and later ones.
struct BTreeGoldenTests {
    static let tables = ["4.0.2", "14.0.2"]

    static func storage(_ version: String) -> LocalStorage {
        LocalStorage(path: Bundle.module.bundleURL.appending(path: "Fixtures/btree/btree-\(version)").path)
    }

    /// The rules of make.py.
    static func value(_ column: String, _ row: Int) -> Value {
        switch column {
        case "word":
            if row % 13 == 4 { return .null }
            if row % 50 == 0 { return .string("") }
            let part = ["a", "ab", "é", "z\0", "日本"][row % 5]
            return .string(String(repeating: part, count: row % 3 + 1) + "\(row * 7 % 3000)")
        case "number": return row % 17 == 2 ? .null : .int(Int64(row * 37 % 2000 - 1000))
        default: return row % 19 == 3 ? .null : .uint(UInt64(row) &* 0x9e37_79b9_7f4a_7c15)
        }
    }

    private static func address(_ row: Int) -> RowAddress {
        switch row {
        case ..<3000: RowAddress(fragment: 0, offset: UInt32(row))
        case ..<4200: RowAddress(fragment: 1, offset: UInt32(row - 3000))
        case ..<4500: RowAddress(fragment: 2, offset: UInt32(row - 4200))
        default: RowAddress(fragment: 3, offset: UInt32(row - 4500))
        }
    }

    @Test(arguments: tables, ["word", "number", "big"]) func everyValue(_ version: String, _ column: String)
        async throws
    {
        let snapshot = try await Table(Self.storage(version)).latest()
        let field = try snapshot.field(column)
        let ranked = try await snapshot.rankedIndices(.btree, on: field)
        #expect(ranked.map(\.name) == [column + "_idx"])
        let entries = try #require(ranked.first?.segments)
        #expect(entries.count == (version == "4.0.2" ? 1 : 2))
        #expect(snapshot.uncoveredFragments(of: entries).map(\.id) == [3])
        var segments: [(BTreeIndex, RowLiveness)] = []
        for entry in entries {
            let index = try await BTreeIndex.open(IndexDirectory(entry.uuid), in: snapshot.storage)
            segments.append((index, try await RowLiveness(entry, in: snapshot)))
        }
        var expected: [Value: [RowAddress]] = [:]
        for row in 0..<4500 {
            let isDeleted = row < 4200 && row % 11 == 5
            expected[Self.value(column, row), default: []] += isDeleted ? [] : [Self.address(row)]
        }
        // Later rows are in no segment.
        for row in 4500..<4550 { expected[Self.value(column, row), default: []] += [] }
        for (value, addresses) in expected {
            var found: [RowAddress] = []
            for (index, liveness) in segments {
                found += try await BTreeTable.rows(of: value, index).map { RowAddress(rawValue: $0) }
                    .filter { liveness.isLive($0) }
            }
            #expect(found.sorted() == addresses, "\(value)")
        }
    }
}
