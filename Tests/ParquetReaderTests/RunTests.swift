// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ParquetReader
import Testing

/// The hybrid of repeated and bit-packed runs, as dictionary indices, levels and Booleans.
@Suite struct RunTests {
    private let words = HandmadeFile.texts("zero", "one", "two", "three", "four")

    private func read(_ indices: [UInt8], rows: Int, dictionary: [UInt8]? = nil, count: Int = 5) throws -> [String] {
        try HandmadeFile(
            .bytes, converted: 0, rows: rows, hasDictionary: true,
            [HandmadeFile.dictionary(count, dictionary ?? words), HandmadeFile.page(rows, indices, encoding: 8)]
        ).values().map { text in
            // Hexadecimal of ASCII.
            let digits = Array(text.utf8.dropFirst())
            return String(
                decoding: stride(from: 0, to: digits.count, by: 2).compactMap {
                    UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
                }, as: UTF8.self)
        }
    }

    @Test func widthZeroMeansTheFirstValue() throws {
        #expect(try read([0] + HandmadeFile.repeated(0, 3, width: 0), rows: 3) == ["zero", "zero", "zero"])
        #expect(try read([0, 3], rows: 8) == Array(repeating: "zero", count: 8))
    }

    @Test func runsOfBothKindsMix() throws {
        let runs =
            HandmadeFile.repeated(4, 2, width: 3) + HandmadeFile.packed([1, 2, 3, 0, 1, 2, 3, 4, 1, 1], 3)
            + HandmadeFile.repeated(2, 1, width: 3)
        // A bit-packed run has a multiple of 8 values; the padding is read as values when more are wanted.
        #expect(
            try read([3] + runs, rows: 12)
                == ["four", "four", "one", "two", "three", "zero", "one", "two", "three", "four", "one", "one"])
        #expect(try read([3] + runs, rows: 19).suffix(3) == ["zero", "zero", "two"])
    }

    @Test func everyWidthUpTo32() throws {
        for width in 3...32 {
            let values = (0..<100).map { UInt64($0 % 5) }
            let found = try read([UInt8(width)] + HandmadeFile.packed(values, width), rows: 100)
            #expect(found == values.map { ["zero", "one", "two", "three", "four"][Int($0)] })
            let repeated = try read([UInt8(width)] + HandmadeFile.repeated(3, 70, width: width), rows: 70)
            #expect(repeated == Array(repeating: "three", count: 70))
        }
    }

    @Test func emptyRunsAreSkipped() throws {
        #expect(try read([3, 0, 2, 1, 0, 3] + HandmadeFile.repeated(1, 2, width: 3), rows: 2) == ["one", "one"])
    }

    @Test func paddingOfTheLastRunMayBeMissing() throws {
        // Three values of 3 bits in two bytes, where the run's eight would take three.
        #expect(try read([3, 3] + HandmadeFile.pack([1, 2, 3], 3), rows: 3) == ["one", "two", "three"])
    }

    @Test func damageIsNoticed() {
        expectFailure(.corrupt, "dictionary index 7", "5 values", "column 'v'") {
            _ = try read([3] + HandmadeFile.repeated(7, 2, width: 3), rows: 2)
        }
        expectFailure(.corrupt, "dictionary index 4294967295") {
            _ = try read([32] + HandmadeFile.repeated(0xffff_ffff, 2, width: 32), rows: 2)
        }
        expectFailure(.corrupt, "values of 33 bits") { _ = try read([33, 4, 0, 0, 0, 0, 0], rows: 2) }
        expectFailure(.corrupt, "more than 3 bits") { _ = try read([3, 4, 8], rows: 2) }
        expectFailure(.corrupt, "end before the last value") { _ = try read([3, 2, 1], rows: 2) }
        expectFailure(.corrupt, "inside a bit-packed one") { _ = try read([3, 3], rows: 2) }
        expectFailure(.corrupt, "expected a 1-byte integer") { _ = try read([3, 4], rows: 2) }
        expectFailure(.corrupt, "has no dictionary page") {
            _ = try HandmadeFile(.int32, rows: 1, [HandmadeFile.page(1, [0, 2], encoding: 8)]).values()
        }
        expectFailure(.corrupt, "value 6 of a dictionary of 6") {
            _ = try read([3] + HandmadeFile.repeated(1, 2, width: 3), rows: 2, count: 6)
        }
        expectFailure(.corrupt, "a dictionary of 1000 values in") {
            _ = try read([3] + HandmadeFile.repeated(1, 2, width: 3), rows: 2, count: 1000)
        }
    }

    @Test func levelsBeyondTheHighestAreRefused() {
        // Two bits hold 3, but a nullable list of required items has levels up to 2.
        let elements = [
            HandmadeFile.element("v", nil, repetition: 1, children: 1, converted: 3),
            HandmadeFile.element("array", .int32, repetition: 2),
        ]
        for definition in [HandmadeFile.repeated(3, 2, width: 2), HandmadeFile.packed([3, 2], 2)] {
            let page = HandmadeFile.page(
                2, littleEndian(1 as Int32, 2), definition: definition,
                repetition: HandmadeFile.repeated(0, 2, width: 1))
            expectFailure(.corrupt, "a level of 3, where 2 is the highest") {
                _ = try HandmadeFile(
                    [HandmadeFile.Part(elements: elements, physical: .int32, values: 2, pages: [page])], rows: 2
                ).values()
            }
        }
    }

    @Test func booleans() throws {
        let runs = HandmadeFile.sized(HandmadeFile.packed([1, 0, 1], 1) + HandmadeFile.repeated(1, 4, width: 1))
        #expect(
            try HandmadeFile(.boolean, rows: 10, [HandmadeFile.page(10, runs, encoding: 3)]).values().joined()
                == "tftffffftt")
        #expect(
            try HandmadeFile(.boolean, rows: 10, [HandmadeFile.page(10, [0b0000_0101, 0b10])]).values().joined()
                == "tftffffffft".prefix(9) + "t")
        expectFailure(.corrupt, "only 8 bits are left") {
            _ = try HandmadeFile(.boolean, rows: 9, [HandmadeFile.page(9, [1])]).values()
        }
        expectFailure(.unsupported, "INT32 values in the encoding RLE") {
            _ = try HandmadeFile(.int32, rows: 1, [HandmadeFile.page(1, runs, encoding: 3)]).values()
        }
    }
}
