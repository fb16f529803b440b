// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import Testing
import TestSupport

/// Pages of file versions 2.1 and 2.2, as make_layouts.py has the official library write them.
struct LayoutTests {
    static let files = ["layouts_2_1", "layouts_2_2"]
    static let rows = 1100
    static let few = ["red", "green", "blue", ""]

    static func scattered(_ i: Int) -> Int64 { Int64((i &* 2_654_435_761) & 0xffff_ffff) - 1 << 31 }

    /// What a row holds: the script's formulas.
    static func value(_ column: String, _ i: Int) -> Value {
        if column.hasSuffix("_nulls") {
            return i % 7 == 3 ? .null : value(String(column.dropLast(6)), i)
        }
        switch column {
        case "bits8": return .uint(UInt64(i * 13 % 7))
        case "bits16": return .int(Int64(i * 13 % 500))
        case "bits32": return .int(Int64(i * 13 % 1000))
        case "bits64": return .uint(UInt64(i) * 1_000_003)
        case "scattered": return .int(scattered(i))
        case "runs": return .int(Int64(i / 100 - 5))
        case "single": return .double(Double(i) * 0.25 - 100)
        case "double": return .double(Double(i) * 0.125 - 100)
        case "bool": return .bool(i % 3 == 0)
        case "short": return .string(String(repeating: "k", count: i % 4) + "\(i)")
        case "text": return .string("document number \(i) of the long shelf")
        case "large": return .string("\(i * i)")
        case "bytes": return .bytes([UInt8](repeating: UInt8(i % 256), count: i % 5))
        case "few": return .string(few[i * i % 4])
        case "few64": return .int(scattered(i * i % 4) << 30)
        case "leading": return i < 300 ? .null : value("bits32", i)
        case "constant": return .int(42)
        case "constant_leading": return i < 300 ? .null : .int(42)
        case "constant_text": return .string("always the same")
        case "constant_bool": return .bool(true)
        case "vector": return .list((0..<4).map { .double(Double(i * 4 + $0) * 0.5) })
        case "codes": return .list((0..<7).map { .uint(UInt64((i * 7 + $0) % 251)) })
        default: return .null
        }
    }

    /// Each kind of encoding has a column, and is there.
    @Test(arguments: [
        ("layouts_2_1", "bits8", "InlineBP8"), ("layouts_2_1", "bits32_nulls", "def OutBP16(Flat1)"),
        ("layouts_2_1", "bits64", "InlineBP64"), ("layouts_2_1", "scattered", "[Flat32]"),
        ("layouts_2_1", "runs", "Rle(Flat64, Flat8)"), ("layouts_2_1", "bool", "[Flat1]"),
        ("layouts_2_1", "short", "[Variable(Flat32)]"), ("layouts_2_1", "text_nulls", "Fsst(Variable(Flat32))"),
        ("layouts_2_1", "large", "Variable(Flat64)"), ("layouts_2_1", "few", "dict Variable(Flat32)"),
        ("layouts_2_1", "null_text", "Constant"), ("layouts_2_1", "codes", "FSL(7, Flat8)"),
        ("layouts_2_2", "bits64", "MiniBlock*[InlineBP64]"), ("layouts_2_2", "leading", "def Rle(Flat16, Flat8)"),
        ("layouts_2_2", "few", "dict Lz4(Variable(Flat32))"), ("layouts_2_2", "few64", "dict Lz4(Flat64)"),
        ("layouts_2_2", "constant", "Constant(inline)"), ("layouts_2_2", "constant_nulls", "Constant(inline)"),
        ("layouts_2_2", "constant_leading", "Constant(inline)"),
        ("layouts_2_2", "constant_text", "Constant"), ("layouts_2_2", "constant_text_nulls", "Constant"),
        ("layouts_2_2", "vector_nulls", "FSL(4, Flat32)"), ("layouts_2_2", "text", "Fsst(Variable(Flat32))"),
        ("layouts_2_2", "null_int", "Constant"),
    ]) func encodings(_ file: String, _ name: String, _ part: String) throws {
        let (index, field) = try Self.field(file, name)
        let texts = try Golden.reader(file).column(index, field).pages.map { EncodingSummary.text($0.encoding) }
        #expect(texts.count == 1 && texts.allSatisfy { $0.contains(part) }, "\(texts)")
    }

    static func field(_ file: String, _ name: String) throws -> (Int, TableField) {
        let fields = try Golden.reader(file).tableSchema().fields
        let index = try #require(fields.firstIndex { $0.name == name })
        return (index, fields[index])
    }

    @Test(arguments: files) func everyValue(_ file: String) async throws {
        let reader = try Golden.reader(file)
        #expect(reader.rowCount == Self.rows)
        var random = SplitMix64(seed: 61)
        var read = 0
        for (index, field) in try reader.tableSchema().fields.enumerated() where field.name != "long" {
            let column = try reader.column(index, field)
            let model = (0..<Self.rows).map { Self.value(field.name, $0) }
            let context = "\(file).\(field.name): \(column.pages.map { EncodingSummary.text($0.encoding) })"
            func expect(_ column: Column, _ model: [Value], _ what: String) throws {
                #expect(column.type == field.type)
                // Not in the expectation, which would print all the values.
                let isSame = [Value].same(try column.values(), model)
                #expect(isSame, "\(context), \(what)")
            }
            try expect(await column.read(0..<Self.rows), model, "whole")
            for _ in 0..<20 {
                let range = random.range(in: Self.rows)
                try expect(await column.read(range), Array(model[range]), "\(range)")
            }
            let rows = (0..<20).map { _ in random.below(Self.rows) }
            try expect(await column.take(rows), rows.map { model[$0] }, "take \(rows)")
            read += 1
        }
        #expect(read == 43)
    }

    @Test(arguments: files) func vectorBlocks(_ file: String) async throws {
        for name in ["vector", "vector_nulls"] {
            let (index, field) = try Self.field(file, name)
            let blocks = try await Golden.reader(file).column(index, field).vectorBlocks()
            #expect(blocks.map(\.rowCount) == [Self.rows] && blocks.map(\.firstRow) == [0])
            let floats = blocks[0].floats.array(of: Float.self)
            for row in 0..<Self.rows {
                let isThere = blocks[0].validity.map { $0[row] } ?? true
                #expect(isThere == (Self.value(name, row) != .null))
                #expect(!isThere || floats[row * 4 + 3] == Float(row * 4 + 3) * 0.5)
            }
        }
    }

    @Test(arguments: files) func fullZip(_ file: String) async throws {
        let (index, field) = try Self.field(file, "long")
        let column = try Golden.reader(file).column(index, field)
        #expect(EncodingSummary.text(column.pages[0].encoding).hasPrefix("FullZip"))
        let values = try await column.read(0..<Self.rows).values()
        let isSame =
            values == (0..<Self.rows).map { .string($0 == 7 ? String(repeating: "x", count: 300) : String($0)) }
        #expect(isSame)
        #expect(try await column.take([7, 8, 6]).values() == [values[7], values[8], values[6]])
    }
}
