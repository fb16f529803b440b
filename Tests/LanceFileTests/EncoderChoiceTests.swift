// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import Testing
import TestSupport

/// Which encoding a page gets, and what it takes.
struct EncoderChoiceTests {
    private static func numbers(_ count: Int, _ value: (Int) -> Int64) -> [Value] {
        (0..<count).map { .int(value($0)) }
    }

    private static func only(_ type: DataType, _ values: [Value], _ version: FileVersion) async throws -> (String, Int)
    {
        let file = try await EncoderFile(type, values, version)
        let encodings = try file.encodings()
        try check(encodings.count == 1, "\(encodings.count) pages")
        return (encodings[0], try file.size())
    }

    @Test func numbers() async throws {
        var random = SplitMix64(seed: 57)
        let large = (0..<20).map { _ in Int64(truncatingIfNeeded: random.next()) }
        let picks = (0..<5000).map { _ in random.below(20) }
        let cases: [(DataType, (Int) -> Int64, String, Int)] = [
            (.int32, { Int64($0 * 2_654_435_761 % 4_294_967_296 - 2_147_483_648) }, "Flat32", 20_100),
            (.int32, { Int64($0 % 100) }, "InlineBP32", 4600), (.int64, { Int64($0 / 400) }, "Rle(Flat64, Flat8)", 400),
            (.int8, { Int64($0 / 100 % 90) }, "Rle(Flat8, Flat8)", 250),
            (.int64, { large[picks[$0]] }, "InlineBP32], dict Flat64", 3500),
        ]
        for (type, value, encoding, most) in cases {
            let (text, size) = try await Self.only(type, Self.numbers(5000, value), .v2_1)
            #expect(text.replacing("]", with: "").contains(encoding.replacing("]", with: "")), "\(type): \(text)")
            #expect(size <= most, "\(text): \(size) bytes")
        }
    }

    @Test func constants() async throws {
        let cases: [(DataType, Value, String)] = [
            (.int32, .int(-7), "Constant(inline)"), (.bool, .bool(true), "Constant(inline)"),
            (.float64, .double(0.1), "Constant(inline)"), (.utf8, .string("only"), "Constant"),
            (.utf8, .string(""), "Constant"), (.largeBinary, .bytes([1, 2, 3]), "Constant"),
            (.fixedSizeBinary(32), .bytes([UInt8](repeating: 9, count: 32)), "Constant(inline)"),
        ]
        for (type, value, encoding) in cases {
            let (text, size) = try await Self.only(type, [Value](repeating: value, count: 3000), .v2_2)
            #expect(text == encoding, "\(type)")
            #expect(size < 64)
            let (plain, _) = try await Self.only(type, [Value](repeating: value, count: 3000), .v2_1)
            #expect(plain.hasPrefix("MiniBlock["), "\(type): \(plain)")
        }
        for version in EncoderFile.versions {
            for type in RandomColumns.writableTypes {
                let (text, size) = try await Self.only(type, [Value](repeating: .null, count: 3000), version)
                #expect(text == "Constant" && size == 0, "\(type): \(text)")
            }
        }
    }

    @Test func texts() async throws {
        var random = SplitMix64(seed: 58)
        let words = ["the ", "of ", "record ", "and ", "lance ", "table ", "in ", "vector ", "text ", "is "]
        func sentence(_ bytes: Int) -> String {
            var text = ""
            while text.utf8.count < bytes { text += words[random.below(words.count)] }
            return text
        }
        let short = (0..<2000).map { Value.string("\($0) " + sentence(60)) }
        let long = (0..<500).map { Value.string("\($0) " + sentence(400)) }
        // What comes again far away is no symbol.
        let huge = (0..<10).map { Value.string("\($0) " + String(repeating: sentence(2000), count: 20)) }
        let few = (0..<2000).map { Value.string("source number \($0 % 9)") }
        let noise = (0..<1000).map { _ in Value.bytes(random.bytes(40)) }
        for version in EncoderFile.versions {
            for (type, values, expected) in [
                (DataType.utf8, short, "[Fsst(Variable(Flat32))"), (.largeUtf8, short, "[Fsst(Variable(Flat64))"),
                (.utf8, long, "FullZip[Fsst(Variable(Flat32))"), (.utf8, huge, "FullZip[Zstd(Variable(Flat32))"),
                (.utf8, few, "[InlineBP32, dict "), (.binary, noise, "[Variable(Flat32)"),
            ] {
                let (text, size) = try await Self.only(type, values, version)
                #expect(text.contains(expected), "\(expected): \(text)")
                let raw = values.reduce(0) { $0 + $1.byteCount }
                #expect(type == .binary || size < raw * 6 / 10, "\(text): \(size) bytes of \(raw)")
            }
        }
    }

    /// A vector page without nulls is what the vectors are in memory: it can be mapped.
    @Test(arguments: EncoderFile.versions) func vectorsAsTheyAre(_ version: FileVersion) async throws {
        var random = SplitMix64(seed: 59)
        let type = DataType.fixedSizeList(.float32, 96)
        let model = RandomColumns.values(.float32, count: 96 * 50, nulls: .none, &random)
        let items = try RandomColumns.column(.float32, model, &random)
        let schema = RandomBatches.schema([type])
        let column = try Column(type, count: 50, storage: .fixedSizeList(items: items, length: 96))
        let batch = try Batch(schema, [column])
        let file = try await EncoderFile([batch.slice(0..<17), batch.slice(17..<50)], schema, version)
        #expect(try file.encodings() == ["FullZip[FSL(96, Flat32), rep 0, def 0]"])
        guard case .fixed(let view) = items.storage else { throw CheckFailure("the items are not of a fixed width") }
        #expect(try file.buffer(0) == view)
    }

    /// The same rows give the same file.
    @Test(arguments: EncoderFile.versions) func isDeterministic(_ version: FileVersion) async throws {
        var random = SplitMix64(seed: 60)
        let schema = RandomBatches.schema(RandomColumns.writableTypes)
        let (batch, _) = try RandomBatches.batch(schema, count: 3000, nulls: .some, &random)
        let one = try await EncoderFile([batch], schema, version)
        let other = try await EncoderFile([batch], schema, version)
        #expect(one.bytes == other.bytes)
    }

    @Test func refusesWhatReadersCannotRead() async throws {
        for version in EncoderFile.versions {
            await #expect(throws: Failure.self) {
                try await EncoderFile(.fixedSizeBinary(0), [.bytes([]), .bytes([])], version)
            }
        }
    }
}

extension Value {
    fileprivate var byteCount: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        default: 0
        }
    }
}
