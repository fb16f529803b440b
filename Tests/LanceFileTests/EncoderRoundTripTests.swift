// SPDX-License-Identifier: Apache-2.0
import Columnar
import LanceFile
import Testing
import TestSupport

/// Files of versions 2.1 and 2.2, written and read back.
struct EncoderRoundTripTests {
    @Test(arguments: EncoderFile.versions, [0, 1, 7, 63, 64, 65, 1000, 1023, 1024, 1025])
    func everyType(_ version: FileVersion, _ rows: Int) async throws {
        var random = SplitMix64(seed: UInt64(rows) + 52)
        let schema = RandomBatches.schema(RandomColumns.writableTypes)
        for nulls in RandomColumns.Nulls.allCases {
            let (batch, values) = try RandomBatches.batch(schema, count: rows, nulls: nulls, &random)
            // In parts that do not begin at a byte's first bit, too, and in pages of a few rows.
            let cut = random.range(in: rows)
            let parts = try [0..<cut.lowerBound, cut, cut.upperBound..<rows].map { try batch.slice($0) }
            for (batches, pageBytes) in [([batch], DataFileWriter.usualPageBytes), (parts, 500), (parts, .max)] {
                let file = try await EncoderFile(batches, schema, version, pageBytes: pageBytes)
                for (index, field) in schema.fields.enumerated() {
                    try await file.expect(
                        values[index], column: index, &random,
                        "\(field.type), \(nulls), \(rows) rows, \(pageBytes) bytes a page")
                }
            }
        }
    }

    private static let numbers: [(name: String, value: @Sendable (Int, inout SplitMix64) -> Int)] = [
        ("zero", { _, _ in 0 }), ("constant", { _, _ in 42 }), ("ascending", { row, _ in row % 128 }),
        ("small", { _, random in random.below(10) }), ("runs", { row, _ in row / 300 % 100 }),
        ("long runs", { row, _ in row / 2500 }), ("outlier", { row, _ in row % 777 == 0 ? 127 : 1 }),
        ("few", { _, random in [3, 99, 127][random.below(3)] }), ("negative", { _, random in random.below(4) - 2 }),
    ]

    /// Shapes of numbers that each call for an encoding of their own.
    @Test(arguments: EncoderFile.versions, [1, 1024, 5003])
    func numbers(_ version: FileVersion, _ rows: Int) async throws {
        var random = SplitMix64(seed: UInt64(rows) + 53)
        let types: [DataType] = [.int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64]
        for (name, value) in Self.numbers {
            for type in types where name != "negative" || "\(type)".hasPrefix("i") {
                for nullPart in [0, 0.1, 0.9] {
                    let model = (0..<rows).map { row -> Value in
                        let number = value(row, &random)
                        if random.chance(nullPart) { return .null }
                        return "\(type)".hasPrefix("i") ? .int(Int64(number)) : .uint(UInt64(number))
                    }
                    let file = try await EncoderFile(type, model, version)
                    try await file.expect(model, &random, "\(name) \(type), \(nullPart) null")
                }
            }
        }
    }

    private static let texts: [(name: String, value: @Sendable (Int, inout SplitMix64) -> String)] = [
        ("empty", { _, _ in "" }), ("constant", { _, _ in "the only one" }),
        ("ids", { row, _ in "document-\(row * 7919)" }), ("repeated ids", { row, _ in "document-\(row / 10)" }),
        ("few", { _, random in ["alpha", "", "beta", "gamma gamma gamma"][random.below(4)] }),
        ("words", { _, random in words(random.below(12), &random) }),
        ("long", { _, random in words(random.below(120), &random) }),
        ("one long", { row, random in words(row == 3 ? 100 : random.below(5), &random) }),
        ("one huge", { row, random in words(row == 0 ? 9000 : random.below(5), &random) }),
        ("few long", { row, _ in String(repeating: "long text \(row % 5) ", count: 40) }),
        ("zeros", { row, random in String(repeating: "\u{0}", count: random.below(9)) + "\(row % 3)\u{0}" }),
    ]

    private static func words(_ count: Int, _ random: inout SplitMix64) -> String {
        let words = ["the", "quick", "brown", "fox", "jumps", "over", "the lazy", "dog", "größer", "家", "again", "."]
        return (0..<count).map { _ in words[random.below(words.count)] }.joined(separator: " ")
    }

    @Test(arguments: EncoderFile.versions, [1, 100, 3001])
    func texts(_ version: FileVersion, _ rows: Int) async throws {
        var random = SplitMix64(seed: UInt64(rows) + 54)
        for (name, value) in Self.texts {
            for type in [DataType.utf8, .largeUtf8, .binary, .largeBinary] {
                for nullPart in [0, 0.2] {
                    let model = (0..<rows).map { row -> Value in
                        let text = value(row, &random)
                        if random.chance(nullPart) { return .null }
                        return type.isText ? .string(text) : .bytes(Array(text.utf8))
                    }
                    for pageBytes in [DataFileWriter.usualPageBytes, 40_000] {
                        let file = try await EncoderFile(type, model, version, pageBytes: pageBytes)
                        try await file.expect(
                            model, &random, "\(name) \(type), \(nullPart) null, pages of \(pageBytes)")
                    }
                }
            }
        }
    }

    @Test(arguments: EncoderFile.versions)
    func lists(_ version: FileVersion) async throws {
        var random = SplitMix64(seed: 55)
        let types: [DataType] = [
            .fixedSizeList(.float32, 63), .fixedSizeList(.float32, 64), .fixedSizeList(.float16, 129),
            .fixedSizeList(.int8, 255), .fixedSizeList(.uint8, 256), .fixedSizeList(.bool, 8),
            .fixedSizeList(.bool, 3000), .fixedSizeList(.float64, 700), .fixedSizeList(.fixedSizeBinary(3), 100),
            .fixedSizeBinary(255), .fixedSizeBinary(256), .fixedSizeBinary(1000),
        ]
        for type in types {
            for rows in [1, 2, 33, 150] {
                for nulls in RandomColumns.Nulls.allCases {
                    let model = RandomColumns.values(type, count: rows, nulls: nulls, &random)
                    let file = try await EncoderFile(type, model, version)
                    try await file.expect(model, &random, "\(type), \(nulls), \(rows) rows")
                }
            }
        }
    }

    /// Levels: random ones, a few among many, and long runs of them.
    @Test(arguments: EncoderFile.versions)
    func nulls(_ version: FileVersion) async throws {
        var random = SplitMix64(seed: 56)
        for rows in [1, 63, 64, 65, 1024, 1088, 1089, 4096, 9000] {
            let patterns: [(Int) -> Bool] = [
                { $0 % 3 == 0 }, { $0 == rows - 1 }, { $0 / 500 % 2 == 0 }, { $0 != 0 }, { $0 % 1024 >= 512 },
            ]
            for (number, isNull) in patterns.enumerated() {
                let model = (0..<rows).map { isNull($0) ? Value.null : .bool($0 % 5 == 0) }
                let file = try await EncoderFile(.bool, model, version)
                try await file.expect(model, &random, "pattern \(number), \(rows) rows")
            }
        }
    }
}
