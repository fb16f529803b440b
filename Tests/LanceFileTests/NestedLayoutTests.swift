// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import ObjectStorage
import Synchronization
import Testing
import TestSupport

/// Nested columns and the rarer layouts of file versions 2.1 and 2.2, made by `Fixtures/make_nested.py`.
struct NestedLayoutTests {
    static let files = ["nested_2_1", "nested_2_2"]
    static let rows = 60

    /// The value of a row, as the script makes it.
    private static func value(_ column: String, _ i: Int) -> Value {
        func number(_ value: Int) -> Value { .int(Int64(value)) }
        func long(_ i: Int) -> Value { .string(String(repeating: "paragraph \(i) ", count: 30)) }
        if i % 7 == 3, !column.hasPrefix("packed") { return .null }
        switch column {
        case "list": return .list((0..<i % 5).map { $0 == 2 ? .null : number(i + $0) })
        case "list_text": return .list((0..<i % 4).map { .string("t\(i)-\($0)") })
        case "list_long": return .list((0..<i % 3).map { long(i + $0) })
        case "list_list":
            return .list((0..<i % 4).map { $0 == 1 ? .null : .list(Array(repeating: number(i), count: $0)) })
        case "list_struct":
            return .list((0..<i % 3).map { .structure([number($0), $0 == 0 ? .string("x") : .null]) })
        case "struct": return .structure([i % 2 == 1 ? number(i) : .null, .string("s\(i)")])
        case "struct_list":
            return .structure([
                .list(Array(repeating: .double(Double(i) / 2), count: i % 3)),
                .structure([number(i), .string("y")]),
            ])
        case "list_vector":
            return .list((0..<i % 3).map { .list([.double(Double(i)), .double(Double($0)), .double(0.5)]) })
        case "long": return long(i)
        case "zipped": return number(i * 3)
        case "vector": return .list((0..<80).map { .double(Double(i) + Double($0) / 4) })
        case "half": return .list(Array(repeating: .double(Double(i)), count: 130))
        case "squeezed": return .string("value \(i % 9)")
        case "split": return .double(Double(i) / 8)
        case "blob": return .bytes(Array(String(repeating: "blob", count: i % 6).utf8))
        case "packed": return .structure([number(i), .double(Double(i) / 3)])
        case "packed_text": return .structure([number(i), .string("p\(i)")])
        case "map": return .list((0..<i % 3).map { .structure([.string("k\($0)"), number(i)]) })
        default: return .null
        }
    }

    @Test(arguments: files) func everyValue(_ file: String) async throws {
        let reader = try Golden.reader(file)
        var random = SplitMix64(seed: 71)
        var next = 0
        for field in try reader.tableSchema().fields {
            let column = try reader.column(next, field)
            next += Self.leaves(field)
            let model = (0..<Self.rows).map { Self.value(field.name, $0) }
            let context = "\(file).\(field.name): \(column.pages.map { EncodingSummary.text($0.encoding) })"
            #expect(try await column.read(0..<Self.rows).values() == model, "\(context)")
            for _ in 0..<20 {
                let range = random.range(in: Self.rows)
                #expect(try await column.read(range).values() == Array(model[range]), "\(context), \(range)")
                let rows = (0..<1 + random.below(9)).map { _ in random.below(Self.rows) }
                #expect(try await column.take(rows).values() == rows.map { model[$0] }, "\(context), \(rows)")
            }
        }
        #expect(next == reader.columnCount)
    }

    /// Columns of the file that a field has.
    private static func leaves(_ field: TableField) -> Int {
        if field.children.isEmpty || field.name.hasPrefix("packed") || field.name == "blob" { return 1 }
        return field.children.reduce(0) { $0 + leaves($1) }
    }
}
