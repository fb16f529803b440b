// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceIndex
import LanceProto
import LanceTable
import ObjectStorage
import TestSupport
import Testing

/// Index files that are damaged, or that somebody made up: an error with a name, never a crash or a loop without end.
struct BTreeDamageTests {
    private static func built(_ type: DataType, rows: Int) async throws -> (BTreeTable, IndexSegment) {
        var random = SplitMix64(seed: 11)
        var table = BTreeTable(type)
        try await table.append((0..<rows).map { _ in BTreeModelTests.value(type, &random, nulls: 0.1) })
        return (table, try await table.build().segment)
    }

    @Test func missingFiles() async throws {
        let (table, segment) = try await Self.built(.utf8, rows: 10)
        for file in segment.files {
            let (other, again) = try await Self.built(.utf8, rows: 10)
            try await other.storage.delete(again.directory.key(file.name))
            try await expectFailure([.notFound], file.name) {
                try await BTreeIndex.open(again.directory, in: other.storage)
            }
        }
        _ = try await BTreeIndex.open(segment.directory, in: table.storage)
    }

    /// Whatever fails while an index is written, nothing of it stays.
    @Test(arguments: FaultyStorage.Fault.allCases) func failedBuilds(_ fault: FaultyStorage.Fault) async throws {
        let (table, _) = try await Self.built(.utf8, rows: 9000)
        let before = try await table.storage.walk().map(\.key.description).sorted()
        let faulty = FaultyStorage(table.storage)
        let snapshot = try await Table(faulty, .relaxed).latest()
        func build() async throws {
            _ = try await BTreeBuilder.build(
                name: "key_idx", over: snapshot, field: snapshot.field("key"), durability: .relaxed)
        }
        // The first one opens the table's files.
        try await build()
        faulty.fail(nil)
        try await build()
        let operations = faulty.operations
        #expect(operations.count > 5)
        for entry in try await table.storage.walk() where !before.contains(entry.key.description) {
            try await table.storage.delete(entry.key)
        }
        for number in operations.indices {
            faulty.fail(number, fault)
            try await expectFailure([.io], "operation \(number)") { try await build() }
            faulty.fail(nil)
            #expect(try await table.storage.walk().map(\.key.description).sorted() == before, "operation \(number)")
        }
    }

    @Test func cancelledBuilds() async throws {
        let (table, _) = try await Self.built(.utf8, rows: 9000)
        let before = try await table.storage.walk().count
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await table.build()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await table.storage.walk().count == before)
    }

    // MARK: Files that fit together badly

    private struct Made {
        var values: [Value] = (0..<6).map { .int($0 * 10) }
        var ids: [Value] = (0..<6).map { .uint($0) }
        var mins: [Value] = [.int(0), .int(30)]
        var maxes: [Value] = [.int(20), .int(50)]
        var numbers: [Value] = [.uint(0), .uint(1)]
        var valueType = DataType.int32
        var idType = DataType.uint64
        var boundType = DataType.int32
        var numberType = DataType.uint32
        var metadata = ["batch_size": "3"]
        var names = ["min", "max", "null_count", "page_idx"]

        func open() async throws -> BTreeIndex {
            let storage = MemoryStorage()
            let directory = IndexDirectory(UUID())
            func write(_ file: String, _ fields: [(String, DataType, [Value])], _ metadata: [String: String])
                async throws
            {
                let schema = Schema(fields.map { Field($0.0, $0.1) })
                let writer = try await DataFileWriter(
                    directory.key(file), in: storage, fields: TableSchema.protos(for: schema), schema: schema,
                    metadata: metadata.mapValues { Data($0.utf8) }, durability: .relaxed)
                try await writer.append(Batch(schema, fields.map { try BTreeTable.column($0.2, $0.1) }))
                _ = try await writer.finish()
            }
            try await write("page_data.lance", [("values", valueType, values), ("ids", idType, ids)], [:])
            try await write(
                "page_lookup.lance",
                [
                    (names[0], boundType, mins), (names[1], boundType, maxes),
                    (names[2], .uint32, mins.map { _ in .uint(0) }), (names[3], numberType, numbers),
                ], metadata)
            return try await BTreeIndex.open(directory, in: storage)
        }
    }

    @Test func goodOnesOpen() async throws {
        let index = try await Made().open()
        #expect(try await index.rows(of: BTreeKey(30)) == [3] && index.pageCount == 2 && index.batchSize == 3)
        var noMetadata = Made()
        noMetadata.metadata = [:]
        (noMetadata.mins, noMetadata.maxes, noMetadata.numbers) = ([.int(0)], [.int(50)], [.uint(0)])
        #expect(try await noMetadata.open().batchSize == 4096)
    }

    @Test func contradictions() async throws {
        func refused(_ codes: [Failure.Code], _ what: String, _ change: (inout Made) -> Void) async throws {
            var made = Made()
            change(&made)
            try await expectFailure(codes, what) {
                let index = try await made.open()
                for number in 0..<6 { _ = try await index.rows(of: BTreeKey(number * 10)) }
                _ = try await index.nullRows()
            }
        }
        for text in ["0", "-3", "three", "", "99999999999999999999", "4", "2"] {
            try await refused([.corrupt], "batch size \(text)") { $0.metadata["batch_size"] = text }
        }
        try await refused([.unsupported, .corrupt], "a huge batch") { $0.metadata["batch_size"] = "4294967296" }
        try await refused([.unsupported], "ranges") { $0.metadata["range_partitioned"] = "true" }
        try await refused([.corrupt], "pages in disorder") { $0.mins = [.int(30), .int(0)] }
        try await refused([.corrupt], "a page that ends before it begins") { $0.maxes[1] = .int(29) }
        try await refused([.unsupported], "numbers in disorder") { $0.numbers = [.uint(1), .uint(0)] }
        try await refused([.corrupt], "a number that is null") { $0.numbers[1] = .null }
        try await refused([.corrupt], "64-bit numbers") { $0.numberType = .uint64 }
        try await refused([.corrupt], "other values than the lookup says") { $0.values[3] = .int(31) }
        try await refused([.corrupt], "other values than the lookup says") { $0.values[2] = .int(19) }
        try await refused([.corrupt], "an id that is null") { $0.ids[2] = .null }
        try await refused([.corrupt], "32-bit ids") { $0.idType = .uint32 }
        try await refused([.corrupt], "other bounds") { $0.boundType = .int64 }
        try await refused([.corrupt], "no max") { $0.names[1] = "most" }
        try await refused([.unsupported], "floats") { made in
            made.valueType = .float64
            made.values = (0..<6).map { .double(Double($0)) }
        }
        try await refused([.corrupt], "a page less") { made in
            made.mins.removeLast()
            made.maxes.removeLast()
            made.numbers.removeLast()
        }
    }

    /// Values inside a page are taken as they come; a search among them ends, and finds equal ones only.
    @Test func disorderInsideAPage() async throws {
        var made = Made()
        made.values[1] = .int(999)
        made.values[4] = .null
        let index = try await made.open()
        for number in -1...60 {
            for row in try await index.rows(of: BTreeKey(number)) {
                #expect(made.values[Int(row)] == .int(Int64(number)))
            }
        }
    }
}
