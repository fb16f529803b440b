// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Testing
import TestSupport

/// Slicing, joining and gathering against arrays of `Value`, over columns of every type.
struct ColumnModelTests {
    private func expect(_ column: Column, _ model: [Value], _ context: String) throws {
        #expect(column.count == model.count, "\(context)")
        let values = try column.values()
        #expect([Value].same(values, model), "\(context)")
        #expect(column.nullCount == model.count { $0 == .null }, "\(context)")
        #expect((0..<model.count).allSatisfy { column.isNull($0) == (model[$0] == .null) }, "\(context)")
    }

    @Test(arguments: RandomColumns.columnTypes) func everyOperation(_ type: DataType) throws {
        var random = SplitMix64(seed: UInt64(type.description.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) }))
        for nulls in RandomColumns.Nulls.allCases {
            for count in [0, 1, 7, 8, 9, 40] {
                let context = "\(type), \(nulls), \(count) rows"
                let model = RandomColumns.values(type, count: count, nulls: nulls, &random)
                let column = try RandomColumns.column(type, model, &random)
                try expect(column, model, context)

                let range = random.range(in: count)
                let slice = try column.slice(range)
                try expect(slice, Array(model[range]), "\(context), slice \(range)")
                let inner = random.range(in: range.count)
                let twice = Array(model[range.lowerBound + inner.lowerBound..<range.lowerBound + inner.upperBound])
                try expect(slice.slice(inner), twice, "\(context), slice \(inner) of \(range)")

                let parts = [slice, column, try column.slice(0..<0), slice]
                try expect(
                    Column.concatenate(parts, type: type), Array(model[range]) + model + Array(model[range]),
                    "\(context), joined")
                try expect(Column.concatenate([], type: type), [], "\(context), nothing joined")

                let rows = (0..<(count == 0 ? 0 : 30)).map { _ in random.below(count) } + Array(range) + Array(range)
                try expect(column.gather(rows), rows.map { model[$0] }, "\(context), gathered")

                var builder = ColumnBuilder(type)
                for row in 0..<count {
                    if model[row] == .null {
                        try builder.appendNull()
                    } else {
                        try builder.append(column.slice(row..<row + 1))
                    }
                }
                #expect(builder.count == count)
                try expect(builder.finish(), model, "\(context), built row by row")
            }
        }
        try expect(Column.nulls(type, count: 5), Array(repeating: .null, count: 5), "\(type), nulls")
    }

    @Test func valuesAppendedOneByOne() throws {
        var bits = ColumnBuilder(.bool)
        bits.append(true)
        try bits.appendNull()
        bits.append(false)
        #expect(try bits.finish().values() == [.bool(true), .null, .bool(false)])
        var text = ColumnBuilder(.utf8)
        text.append("häuser")
        try text.appendNull()
        text.append("")
        #expect(try text.finish().values() == [.string("häuser"), .null, .string("")])
        var numbers = ColumnBuilder(.int64)
        numbers.append(fixed: Int64.min)
        try numbers.appendNull()
        [UInt8](repeating: 0xff, count: 8).withUnsafeBytes { numbers.append(bytes: $0) }
        #expect(try numbers.finish().values() == [.int(Int64.min), .null, .int(-1)])
        // A value of another width is found at the end.
        var wrong = ColumnBuilder(.int64)
        wrong.append(fixed: Int32(1))
        #expect(throws: Failure.self) { try wrong.finish() }
        #expect(throws: Failure.self) { try bits.append(text.finish()) }
    }

    @Test func rowsOutsideThrow() throws {
        let column = try Column.nulls(.int32, count: 3)
        for range in [0..<4, -1..<2, 3..<4, Int.min..<0, 0..<Int.max] {
            #expect(throws: Failure.self) { try column.slice(range) }
        }
        for row in [-1, 3, Int.max - 1, Int.min] {
            #expect(throws: Failure.self) { try column.value(row) }
            #expect(throws: Failure.self) { try column.gather([row]) }
        }
    }

    @Test func textThatIsNotTextThrows() throws {
        let bytes = ByteView(copying: [0xff, 0x41])
        let column = try Column(.utf8, count: 2, storage: .variable(offsets: [0, 1, 2], data: bytes))
        #expect(throws: Failure.self) { try column.value(0) }
        #expect(try column.value(1) == .string("A"))
    }

    /// `rows(from:fitting:)` cuts pages: it never gives more than fits, nor fewer than would.
    @Test(arguments: RandomColumns.columnTypes) func rowsThatFit(_ type: DataType) throws {
        var random = SplitMix64(seed: 5)
        let column = try RandomColumns.column(type, count: 50, nulls: .some, &random)
        for _ in 0..<100 {
            let start = random.below(51)
            let bytes = random.below(600) - 20
            let rows = column.rows(from: start, fitting: bytes)
            #expect(rows >= 0 && rows <= 50 - start)
            if type.isVariableLength, rows > 0 {
                let part = try column.slice(start..<start + rows)
                #expect(part.byteCount <= bytes)
                if start + rows < 50 { #expect(try column.slice(start..<start + rows + 1).byteCount > bytes) }
            }
            if let width = type.byteWidth, width > 0 { #expect(rows == min(50 - start, max(bytes, 0) / width)) }
        }
        #expect(column.rows(from: 0, fitting: Int.max) == 50)
        #expect(column.rows(from: 50, fitting: Int.max) == 0)
    }
}
