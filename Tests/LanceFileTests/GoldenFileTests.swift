// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import Testing
import TestSupport

/// Files that the official library wrote, value by value.
struct GoldenFileTests {
    @Test(arguments: [
        "primitives", "nullable", "all_null", "vectors", "vectors_nulls", "dictionary", "zstd", "lz4", "nested",
        "version_2_1", "version_2_2",
    ]) func everyValue(_ name: String) async throws {
        let expected = try #require(try Golden.files()[name])
        let reader = try Golden.reader(name)
        #expect(reader.version == (name == "version_2_1" ? .v2_1 : name == "version_2_2" ? .v2_2 : .v2_0))
        #expect(reader.rowCount == expected.rows)
        let schema = try reader.tableSchema()
        #expect(schema.fields.map(\.name) == expected.columns.map(\.name))
        var random = SplitMix64(seed: 31)
        for (field, golden) in zip(schema.fields, expected.columns) {
            guard let cells = golden.values else { continue }
            let column = try reader.column(golden.index, field)
            let model = try cells.map { try $0.value(field.type) }
            let summary = column.pages.map { EncodingSummary.text($0.encoding) }.joined(separator: "; ")
            let context = "\(name).\(field.name), \(field.type): \(summary)"
            func expect(_ column: Column, _ model: [Value], _ what: String) throws {
                let values = try column.values()
                #expect([Value].same(values, model), "\(context), \(what)")
            }
            try expect(await column.read(0..<expected.rows), model, "whole")
            for _ in 0..<20 {
                let range = random.range(in: expected.rows)
                try expect(await column.read(range), Array(model[range]), "\(range)")
            }
            let rows = (0..<20).map { _ in random.below(expected.rows) }
            try expect(await column.take(rows), rows.map { model[$0] }, "take \(rows)")
            if case .fixedSizeList(.float32, _) = field.type { try await expectVectors(column, model, context) }
        }
    }

    /// Blocks hold each row once, and mark those that are no vectors.
    private func expectVectors(_ column: ColumnReader, _ model: [Value], _ context: String) async throws {
        var found = [Value](repeating: .null, count: model.count)
        for block in try await column.vectorBlocks() {
            let floats = block.floats.array(of: Float.self)
            let dimension = floats.count / block.rowCount
            for row in 0..<block.rowCount where block.validity.map({ $0[row] }) ?? true {
                found[block.firstRow + row] = .list(
                    floats[row * dimension..<(row + 1) * dimension].map { .double(Double($0)) })
            }
        }
        let vectors = model.map { value in
            if case .list(let items) = value, !items.contains(.null) { value } else { Value.null }
        }
        #expect([Value].same(found, vectors), "\(context), blocks")
    }

    /// The encodings that the fixtures are there for.
    @Test(arguments: [
        ("dictionary", "few", "Dict("), ("dictionary", "arrow8_nulls", "Dict("), ("dictionary", "none", "Dict("),
        ("zstd", "text", "+zstd"), ("zstd", "binary", "+zstd"), ("lz4", "text", "+lz4"), ("lz4", "few", "Dict("),
        ("all_null", "int32", "AllNull"), ("all_null", "string", "Binary("),
        ("nullable", "int32", "SomeNull(Flat1, Flat32)"),
        ("vectors_nulls", "both", "SomeNull(Flat1, FSL(4, SomeNull(Flat1, Flat32)))"), ("nested", "list", "List("),
        ("nested", "struct", "Struct"), ("version_2_1", "vector", "["), ("version_2_2", "text", "["),
    ]) func encodings(_ name: String, _ column: String, _ part: String) throws {
        let golden = try #require(try Golden.files()[name]?.columns.first { $0.name == column })
        let reader = try Golden.reader(name)
        let field = try #require(try reader.tableSchema()[column])
        let texts = try reader.column(golden.index, field).pages.map { EncodingSummary.text($0.encoding) }
        #expect(texts.allSatisfy { $0.contains(part) } && !texts.isEmpty, "\(texts)")
    }

    @Test func nestedColumns() async throws {
        let expected: [String: [Value]] = [
            "list": [.list([.int(1), .int(2)]), .null, .list([]), .list([.int(3)])],
            "struct": (0..<4).map { .structure([.int($0), .string(String($0))]) },
        ]
        for (name, values) in expected {
            let golden = try #require(try Golden.files()["nested"]?.columns.first { $0.name == name })
            let reader = try Golden.reader("nested")
            let field = try #require(try reader.tableSchema()[name])
            #expect(field.type.isNested && !field.isWritable)
            let column = try reader.column(golden.index, field)
            #expect(try await column.read(0..<4).values() == values)
            #expect(try await column.read(1..<3).values() == Array(values[1..<3]))
            #expect(try await column.take([3, 0, 3]).values() == [values[3], values[0], values[3]])
        }
    }
}
