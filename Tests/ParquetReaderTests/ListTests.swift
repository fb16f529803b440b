// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import ParquetReader
import Testing

/// A nullable list of nullable items: level 0 null list, 1 empty list, 2 null item, 3 item.
@Suite struct ListTests {
    /// Repetition and definition levels by turns.
    private func page(_ levels: [(UInt64, UInt64)], _ values: [Int32]) -> [UInt8] {
        HandmadeFile.page(
            levels.count, littleEndian(values), definition: HandmadeFile.packed(levels.map(\.1), 2),
            repetition: HandmadeFile.packed(levels.map(\.0), 1))
    }

    private func read(_ rows: Int, _ pages: [([(UInt64, UInt64)], [Int32])], maxBytes: Int = 1 << 20) throws -> [String]
    {
        let values = pages.reduce(0) { $0 + $1.0.count }
        return try HandmadeFile.list(.int32, rows: rows, values: values, pages.map { page($0.0, $0.1) })
            .values(maxBytes: maxBytes)
    }

    @Test func nullListEmptyListAndNullItemDiffer() throws {
        let levels: [(UInt64, UInt64)] = [(0, 3), (1, 2), (1, 3), (0, 1), (0, 0), (0, 2), (0, 3)]
        for maxBytes in [1, 20, 1000] {
            #expect(try read(5, [(levels, [1, 2, 3])], maxBytes: maxBytes) == ["[1,~,2]", "[]", "~", "[~]", "[3]"])
        }
    }

    @Test func listsGoOnInTheNextPage() throws {
        let pages: [([(UInt64, UInt64)], [Int32])] = [
            ([(0, 3), (1, 3)], [1, 2]), ([(1, 3)], [3]), ([(1, 2), (0, 0)], []), ([(0, 3)], [4]), ([(1, 3)], [5]),
        ]
        for maxBytes in [1, 12, 1000] {
            #expect(try read(3, pages, maxBytes: maxBytes) == ["[1,2,3,~]", "~", "[4,5]"])
        }
    }

    @Test func longListsCrossBlocksOfLevels() throws {
        var levels: [(UInt64, UInt64)] = []
        var expected: [String] = []
        var next: Int32 = 0
        var values: [Int32] = []
        for row in 0..<40 {
            let length = row * 37 % 500
            var items: [String] = []
            for item in 0..<length {
                let isNull = (row + item) % 11 == 0
                levels.append((item == 0 ? 0 : 1, isNull ? 2 : 3))
                items.append(isNull ? "~" : String(next))
                if !isNull {
                    values.append(next)
                    next += 1
                }
            }
            if length == 0 { levels.append((0, 1)) }
            expected.append("[" + items.joined(separator: ",") + "]")
        }
        for maxBytes in [1, 5000, 1 << 20] {
            #expect(try read(40, [(levels, values)], maxBytes: maxBytes) == expected)
            // The same in pages of 100 levels, which begin anywhere.
            var (pages, used): ([([(UInt64, UInt64)], [Int32])], Int) = ([], 0)
            for start in stride(from: 0, to: levels.count, by: 100) {
                let part = Array(levels[start..<min(start + 100, levels.count)])
                let count = part.filter { $0.1 == 3 }.count
                pages.append((part, Array(values[used..<used + count])))
                used += count
            }
            #expect(try read(40, pages, maxBytes: maxBytes) == expected)
        }
    }

    @Test func textItems() throws {
        let elementPage = HandmadeFile.page(
            4, HandmadeFile.texts("a", "ü"), definition: HandmadeFile.packed([3, 2, 3, 1], 2),
            repetition: HandmadeFile.packed([0, 1, 1, 0], 1))
        let file = HandmadeFile.list(.bytes, rows: 2, values: 4, [elementPage], converted: 0)
        #expect(try file.values() == ["['61,~,'c3bc]", "[]"])
        let bad = HandmadeFile.page(
            3, HandmadeFile.texts("a") + HandmadeFile.sized([0xff]), definition: HandmadeFile.packed([1, 3, 3], 2),
            repetition: HandmadeFile.packed([0, 0, 1], 1))
        expectFailure(.corrupt, "column 'v', row 1", "UTF-8") {
            _ = try HandmadeFile.list(.bytes, rows: 2, values: 3, [bad], converted: 0).values()
        }
    }

    @Test func levelsThatMakeNoListsAreRefused() {
        expectFailure(.corrupt, "continues a list that has not begun") {
            _ = try read(1, [([(1, 3), (0, 3)], [1, 2])])
        }
        expectFailure(.corrupt, "null or empty has an item") { _ = try read(1, [([(0, 0), (1, 3)], [1])]) }
        expectFailure(.corrupt, "null or empty has an item") { _ = try read(1, [([(0, 1), (1, 2)], [])]) }
        expectFailure(.corrupt, "null or empty has an item") { _ = try read(1, [([(0, 3), (1, 0)], [1])]) }
        expectFailure(.corrupt, "1 values are left after the row group's 1 rows") {
            _ = try read(1, [([(0, 3), (0, 3)], [1, 2])])
        }
        expectFailure(.corrupt, "the lists end after 1 of 2 rows") { _ = try read(2, [([(0, 3), (1, 3)], [1, 2])]) }
        expectFailure(.corrupt, "its chunk has 2 values for the row group's 3 rows") {
            _ = try read(3, [([(0, 3), (0, 3)], [1, 2])])
        }
        expectFailure(.corrupt, "2 values of 4 bytes") { _ = try read(2, [([(0, 3), (0, 3)], [1])]) }
    }

    /// DuckDB writes an array that is null with as many levels as it would have items.
    @Test func aNullSaidForEachItemIsOneNull() throws {
        #expect(try read(3, [([(0, 0), (1, 0), (1, 0), (0, 3), (0, 0), (1, 0)], [7])]) == ["~", "[7]", "~"])
    }

    /// A billion null items in a few bytes must be refused before they are made.
    @Test func aListOfNullsWithoutEndIsRefused() throws {
        let count = 1_000_000_000
        let runs = (
            definition: HandmadeFile.repeated(2, count, width: 2),
            repetition: HandmadeFile.repeated(0, 1, width: 1) + HandmadeFile.repeated(1, count - 1, width: 1)
        )
        let page = HandmadeFile.page(count, [], definition: runs.definition, repetition: runs.repetition)
        expectFailure(.unsupported, "a list of more than 64 MiB", "column 'v'") {
            _ = try HandmadeFile.list(.int32, rows: 1, values: count, [page]).values()
        }
    }

    @Test func listsOfOtherShapesAreNamed() throws {
        func file(_ elements: [ThriftValue], leaves: Int = 1) throws -> ParquetFile {
            let pages = [HandmadeFile.page(1, littleEndian(1 as Int32))]
            let part = HandmadeFile.Part(elements: elements, physical: .int32, values: 1, pages: pages)
            return try HandmadeFile([part], rows: 1).open()
        }
        let element = HandmadeFile.element
        let cases: [([ThriftValue], String)] = [
            ([element("v", nil, 1, 1, nil, nil), element("x", .int32, 0, nil, nil, nil)], "group"),
            ([element("v", nil, 1, 1, 1, nil), element("x", .int32, 2, nil, nil, nil)], "group (MAP)"),
            (
                [
                    element("v", nil, 1, 1, 3, nil), element("list", nil, 2, 1, nil, nil),
                    element("e", nil, 1, 1, nil, nil), element("x", .int32, 0, nil, nil, nil),
                ],
                "group (LIST) of group"
            ),
            (
                [
                    element("v", nil, 1, 1, 3, nil), element("array", nil, 2, 1, nil, nil),
                    element("x", .int32, 0, nil, nil, nil),
                ], "group (LIST) of INT32"
            ),
            (
                [
                    element("v", nil, 1, 1, 3, nil), element("v_tuple", nil, 2, 1, nil, nil),
                    element("x", .int32, 0, nil, nil, nil),
                ], "group (LIST) of INT32"
            ),
            ([element("v", .int32, 1, nil, 21, nil)], "INT32 (INTERVAL)"),
        ]
        for (elements, name) in cases {
            let file = try file(elements)
            #expect(file.schema.fields == [Field("v", .other(name))])
            expectFailure(.unsupported, "column 'v' is of type \(name)") { _ = try file.batches() }
        }
    }
}
