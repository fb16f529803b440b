// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceIndex
import ObjectStorage
import TestSupport

/// A BTREE segment: nulls, and keys of either kind, among them those that the seeds have.
enum BTreeTarget {
    static let directory = IndexDirectory(
        UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)))
    static let lookupFile = "page_lookup.lance"
    static let dataFile = "page_data.lance"

    /// A small file may say that billions of rows have one value.
    private static let mostRows = 1 << 16

    private static let texts = ["", "a", "key 3", "key 17", "é", "~"].map { BTreeKey($0) }
    private static let numbers =
        [BTreeKey(-7), BTreeKey(0), BTreeKey(3), BTreeKey(17), BTreeKey(Int64.max), BTreeKey(UInt64.max)]
        + [BTreeKey(Int64.min)]

    static func read(_ bytes: [UInt8]) async throws {
        let files = TwoFiles(parsing: bytes)
        let storage = MemoryStorage(location: "fuzz")
        _ = try await storage.putIfAbsent(directory.key(lookupFile), files.first, .relaxed)
        _ = try await storage.putIfAbsent(directory.key(dataFile), files.second, .relaxed)
        let index = try await BTreeIndex.open(directory, in: storage)
        var attempts = Attempts()
        let (keys, others) = index.type.isText ? (texts, numbers) : (numbers, texts)
        try await Attempts.ignoring { _ = try await index.rows(of: others[0]) }
        for key in keys {
            try await attempts.attempt {
                var count = 0
                try await index.forEachRow(of: key) { _ in
                    count += 1
                    if count > mostRows { throw Failure(.unsupported, "that many rows are not looked at") }
                }
                try check(count <= index.rowCount, "\(count) rows of \(index.rowCount) have a key")
            }
        }
        if index.rowCount <= mostRows { try await attempts.attempt { _ = try await index.nullRows() } }
        try attempts.finish()
    }
}
