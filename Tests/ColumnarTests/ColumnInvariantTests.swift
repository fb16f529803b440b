// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Testing
import TestSupport

/// A column that was made is well-formed: whoever reads it need not check.
struct ColumnInvariantTests {
    private let eight = ByteView(copying: [UInt8](0..<8))

    private func expectCorrupt(_ what: String, _ make: () throws -> Column) {
        let failure = #expect(throws: Failure.self, "\(what)") { _ = try make() }
        #expect(failure?.code == .corrupt, "\(what)")
    }

    @Test func goodCombinations() throws {
        #expect(try Column(.int32, count: 2, storage: .fixed(eight)).count == 2)
        #expect(try Column(.fixedSizeBinary(0), count: 5, storage: .fixed(.empty)).count == 5)
        #expect(
            try Column(.utf8, count: 1, storage: .variable(offsets: [3, 8], data: eight)).value(0)
                == .string("\u{3}\u{4}\u{5}\u{6}\u{7}"))
        #expect(try Column(.utf8, count: 0, storage: .variable(offsets: [0], data: .empty)).count == 0)
        let items = try Column(.int16, count: 4, storage: .fixed(eight))
        #expect(
            try Column(.fixedSizeList(.int16, 2), count: 2, storage: .fixedSizeList(items: items, length: 2)).count == 2
        )
        #expect(
            try Column(.list(.int16), count: 3, storage: .list(offsets: [0, 0, 4, 4], items: items)).value(0)
                == .list([]))
    }

    @Test func badCountsAndSizes() {
        for count in [1, 3, -1, -2, Int.max, Int.min, Int.max / 2] {
            expectCorrupt("int32 of \(count)") { try Column(.int32, count: count, storage: .fixed(eight)) }
        }
        // 2^62 x 4 is 0 in 64 bits.
        expectCorrupt("overflow") { try Column(.int32, count: 1 << 62, storage: .fixed(.empty)) }
        expectCorrupt("bits") { try Column(.bool, count: 9, storage: .bits(Bitmap(repeating: true, count: 8))) }
        expectCorrupt("validity") {
            try Column(.int32, count: 2, validity: Bitmap(repeating: true, count: 3), storage: .fixed(eight))
        }
    }

    @Test func storageOfAnotherType() throws {
        let items = try Column(.int16, count: 4, storage: .fixed(eight))
        let bits = Bitmap(repeating: true, count: 2)
        let storages: [(String, Column.Storage, DataType)] = [
            ("none", .none, .null), ("bits", .bits(bits), .bool), ("fixed", .fixed(eight), .int32),
            ("variable", .variable(offsets: [0, 1, 8], data: eight), .utf8),
            ("fixedSizeList", .fixedSizeList(items: items, length: 2), .fixedSizeList(.int16, 2)),
            ("list", .list(offsets: [0, 1, 4], items: items), .list(.int16)),
        ]
        for (name, storage, own) in storages {
            #expect(throws: Never.self, "\(name)") { try Column(own, count: 2, storage: storage) }
            for type in RandomColumns.columnTypes + [.other("struct")] {
                let fits: Bool =
                    switch storage {
                    case .variable: type.isVariableLength
                    case .fixed: type.byteWidth == 4
                    default: type == own
                    }
                if !fits { expectCorrupt("\(name) as \(type)") { try Column(type, count: 2, storage: storage) } }
            }
        }
    }

    @Test func badOffsets() throws {
        let items = try Column(.int16, count: 4, storage: .fixed(eight))
        for offsets in [
            [], [0], [0, 1], [0, 1, 2, 3], [0, 5, 4], [-1, 0, 1], [0, 1, 9], [0, Int.max, Int.max], [Int.min, 0, 0],
            [9, 9, 9],
        ] {
            expectCorrupt("\(offsets)") {
                try Column(.utf8, count: 2, storage: .variable(offsets: offsets, data: eight))
            }
            expectCorrupt("\(offsets)") {
                try Column(.list(.int16), count: 2, storage: .list(offsets: offsets, items: items))
            }
        }
    }

    @Test func badLists() throws {
        let items = try Column(.int16, count: 4, storage: .fixed(eight))
        for (length, count) in [(2, 3), (4, 2), (-2, -2), (0, 2), (Int.max, 2), (2, Int.max), (1 << 62, 4), (-1, 0)] {
            expectCorrupt("\(count) x \(length)") {
                try Column(
                    .fixedSizeList(.int16, length), count: count, storage: .fixedSizeList(items: items, length: length))
            }
        }
        expectCorrupt("another length") {
            try Column(.fixedSizeList(.int16, 4), count: 2, storage: .fixedSizeList(items: items, length: 2))
        }
    }

    @Test func aValidityWithoutNullsIsDropped() throws {
        let column = try Column(.int32, count: 2, validity: Bitmap(repeating: true, count: 2), storage: .fixed(eight))
        #expect(column.validity == nil && column.nullCount == 0)
    }

    /// A file needs no bytes for billions of nulls; making them all at once must throw and not end the process.
    @Test func tooManyNullsThrow() throws {
        for type in RandomColumns.columnTypes {
            for count in [-1, Int.min, Int.max, 1 << 60, 1 << 40] {
                #expect(throws: Failure.self, "\(count) of \(type)") { try Column.nulls(type, count: count) }
            }
        }
        #expect(throws: Failure.self) { try Column.nulls(.fixedSizeList(.float32, 1 << 24), count: 1 << 32) }
        #expect(throws: Failure.self) { try Column.nulls(.other("struct"), count: 1) }
    }

    @Test func batchesAgreeWithTheirSchema() throws {
        let schema = Schema([Field("a", .int32), Field("b", .utf8)])
        let a = try Column.nulls(.int32, count: 2)
        let b = try Column.nulls(.utf8, count: 2)
        #expect(try Batch(schema, [a, b]).count == 2)
        #expect(try Batch(schema, [a, b])["b"]?.type == .utf8)
        #expect(try Batch(schema, [a, b])["c"] == nil)
        #expect(try Batch(Schema([]), [], count: 7).count == 7)
        let bad: [[Column]] = [[a], [a, b, b], [b, a], [a, try Column.nulls(.utf8, count: 3)]]
        for columns in bad {
            #expect(throws: Failure.self) { try Batch(schema, columns) }
        }
    }
}
