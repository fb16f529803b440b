// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import ParquetReader
import Testing

@Suite struct BatchTests {
    private static func text(_ index: Int) -> [UInt8] {
        HandmadeFile.sized([UInt8](repeating: UInt8(ascii: "a") + UInt8(index % 26), count: index * 31 % 97))
    }

    /// An integer in pages of 7 rows, a text in pages of 10, a nullable one in pages of 33.
    private func file(rows: Int) -> HandmadeFile {
        func pages(_ size: Int, _ make: (Range<Int>) -> [UInt8]) -> [[UInt8]] {
            stride(from: 0, to: rows, by: size).map { make($0..<min($0 + size, rows)) }
        }
        let numbers = pages(7) { HandmadeFile.page($0.count, littleEndian($0.map { Int32($0) })) }
        let texts = pages(10) { HandmadeFile.page($0.count, $0.flatMap(Self.text)) }
        let some = pages(33) { range in
            HandmadeFile.page(
                range.count, range.filter { $0 % 3 > 0 }.flatMap(Self.text),
                definition: HandmadeFile.packed(range.map { $0 % 3 > 0 ? 1 : 0 }, 1))
        }
        return HandmadeFile(
            [
                .init(elements: [HandmadeFile.element("n", .int32)], physical: .int32, values: rows, pages: numbers),
                .init(
                    elements: [HandmadeFile.element("t", .bytes, converted: 0)], physical: .bytes, values: rows,
                    pages: texts),
                .init(
                    elements: [HandmadeFile.element("s", .bytes, repetition: 1)], physical: .bytes, values: rows,
                    pages: some),
            ], rows: rows)
    }

    @Test func allColumnsAdvanceByTheSameRows() throws {
        let rows = 500
        let file = try file(rows: rows).open()
        for maxBytes in [1, 50, 300, 1000, 20_000, 1 << 20, .max] {
            var batches = try file.batches(maxBytes: maxBytes)
            var row = 0
            var count = 0
            while let batch = try batches.next() {
                #expect(batch.count > 0)
                count += 1
                for index in 0..<batch.count {
                    let text = [UInt8](Self.text(row).dropFirst(4))
                    #expect(try batch.columns[0].value(index) == .int(Int64(row)))
                    #expect(try batch.columns[1].value(index) == .string(String(decoding: text, as: UTF8.self)))
                    #expect(try batch.columns[2].value(index) == (row % 3 > 0 ? .bytes(text) : .null))
                    row += 1
                }
                #expect(batch.count == 1 || batch.count <= max(maxBytes / 4, 1))
            }
            #expect(row == rows)
            // A row takes 120 bytes or so; what is left of one batch may make a small one.
            #expect(count <= rows && count <= rows / max(maxBytes / 400, 1) + 2)
        }
    }

    @Test func columnsAreReadInTheOrderAsked() throws {
        let file = try file(rows: 20).open()
        var batches = try file.batches(columns: ["s", "n"])
        let batch = try #require(try batches.next())
        #expect(batch.schema.fields.map(\.name) == ["s", "n"])
        let rest = try batches.next()
        #expect(rest == nil)
        var none = try file.batches(columns: [])
        #expect(try none.next()?.count == 20)
        expectFailure(.invalidArgument, "no column 'x'; the file has 'n', 't', 's'") {
            _ = try file.batches(columns: ["x"])
        }
    }

    /// A dictionary makes gigabytes out of a few bytes: batches stay small all the same.
    @Test func largeDictionaryValuesDoNotFillTheMemory() throws {
        let rows = 100_000
        let value = [UInt8](repeating: 7, count: 100_000)
        for definition in [
            nil, HandmadeFile.repeated(1, rows, width: 1), HandmadeFile.packed((0..<UInt64(rows)).map { $0 & 1 }, 1),
        ] {
            let valid = definition.map { $0.count > 100 ? rows / 2 : rows } ?? rows
            let page = HandmadeFile.page(
                rows, [1] + HandmadeFile.repeated(0, valid, width: 1), definition: definition, encoding: 8)
            let file = HandmadeFile(
                .bytes, nullable: definition != nil, rows: rows, hasDictionary: true,
                [HandmadeFile.dictionary(1, HandmadeFile.sized(value)), page])
            var batches = try file.open().batches(maxBytes: 1 << 20)
            for _ in 0..<20 {
                let batch = try #require(try batches.next())
                #expect((1...30).contains(batch.count))
            }
        }
    }

    /// As many nulls as a page can have, in five bytes.
    @Test func billionsOfNullsComeInBatches() throws {
        let rows = Int(Int32.max)
        for physical in [HandmadeFile.Physical.int64, .bytes, .boolean, .fixed] {
            let page = HandmadeFile.page(rows, [], definition: HandmadeFile.repeated(0, rows, width: 1))
            let file = HandmadeFile(physical, nullable: true, rows: rows, length: 1 << 20, [page])
            var batches = try file.open().batches(maxBytes: 1 << 20)
            for _ in 0..<5 {
                let batch = try #require(try batches.next())
                #expect((1...(1 << 20)).contains(batch.count))
                #expect(batch.columns[0].nullCount == batch.count)
            }
        }
    }

    @Test func countsThatDoNotAgreeAreNoticed() {
        func page(_ count: Int) -> [UInt8] { HandmadeFile.page(count, littleEndian((0..<count).map { Int32($0) })) }
        func file(rows: Int, values: Int, _ pages: [Int]) -> HandmadeFile {
            let part = HandmadeFile.Part(
                elements: [HandmadeFile.element("v", .int32)], physical: .int32, values: values, pages: pages.map(page))
            return HandmadeFile([part], rows: rows)
        }
        expectFailure(.corrupt, "its chunk has 4 values for the row group's 5 rows") {
            _ = try file(rows: 5, values: 4, [4]).values()
        }
        expectFailure(.corrupt, "the pages end 1 values before the chunk does") {
            _ = try file(rows: 5, values: 5, [4]).values()
        }
        expectFailure(.corrupt, "a page of 3 values, but the chunk has only 2 left") {
            _ = try file(rows: 5, values: 5, [3, 3]).values()
        }
        expectFailure(.corrupt, "3 values of 4 bytes") {
            _ = try HandmadeFile(.int32, rows: 3, [HandmadeFile.page(3, [0, 0, 0, 0])]).values()
        }
        expectFailure(.corrupt, "value 2 of 2 is longer than the page's bytes") {
            _ = try HandmadeFile(.bytes, rows: 2, [HandmadeFile.page(2, [0, 0, 0, 0, 9, 0, 0, 0, 1])]).values()
        }
    }

    @Test func anErrorStays() throws {
        // Two good pages of one column, of which the other column has one.
        let good = HandmadeFile.page(4, littleEndian((0..<4).map { Int32($0) }))
        let bad = HandmadeFile.page(4, [1, 2, 3])
        let parts = [[good, good], [good, bad]].enumerated().map { index, pages in
            HandmadeFile.Part(
                elements: [HandmadeFile.element("c\(index)", .int32)], physical: .int32, values: 8, pages: pages)
        }
        var batches = try HandmadeFile(parts, rows: 8).open().batches(maxBytes: 33)
        #expect(throws: Failure.self) {
            while let batch = try batches.next() { #expect(batch.count <= 4) }
        }
        for _ in 0..<3 {
            expectFailure(.corrupt, "column 'c1'") { _ = try batches.next() }
        }
    }
}
