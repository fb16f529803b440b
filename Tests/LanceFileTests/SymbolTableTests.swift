// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceFile
import Testing
import TestSupport

/// Text of all kinds through a table of symbols and back.
struct SymbolTableTests {
    /// Values whose page is worth a table, most of them: pieces of any length from a small alphabet.
    private static func corpus(_ seed: UInt64, alphabet: [[UInt8]], longest: Int) -> [Value] {
        var random = SplitMix64(seed: seed)
        return (0..<3000).map { _ in
            .bytes((0..<random.below(longest + 1)).flatMap { _ in alphabet[random.below(alphabet.count)] })
        }
    }

    @Test(arguments: EncoderFile.versions, [1, 2, 9, 40, 90])
    func alphabets(_ version: FileVersion, _ longest: Int) async throws {
        var random = SplitMix64(seed: 61)
        let bytes = (0...255).map { [UInt8($0)] }
        let alphabets: [[[UInt8]]] = [
            [[0], [0, 0], [0, 0, 0, 1]], [[255], [255, 255]], [[97]], [[97], [98]], bytes,
            bytes + [[1, 2, 3, 4, 5, 6, 7]],
            [[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 9], [1, 2, 3], [1, 2], [1]],
            [Array("https://example.org/".utf8), Array("?id=".utf8), Array("12345678".utf8), Array("/".utf8)],
            [[0xe5, 0xae, 0xb6], [0xc3, 0x9f], [0xf0, 0x9f, 0x91, 0xa9]],
        ]
        for (number, alphabet) in alphabets.enumerated() {
            let model = Self.corpus(UInt64(number) + 62, alphabet: alphabet, longest: longest)
            let file = try await EncoderFile(.binary, model, version)
            try await file.expect(model, &random, "alphabet \(number), up to \(longest) pieces")
        }
    }

    /// No page may be larger than one without a table, and what repeats must be much smaller.
    @Test func ratios() async throws {
        var random = SplitMix64(seed: 63)
        let noise = (0..<2000).map { _ in Value.bytes(random.bytes(50)) }
        let urls = (0..<2000).map { row in
            Value.bytes(Array("https://example.org/articles/\(row * 37 % 1000)/index.html?page=\(row)".utf8))
        }
        let noisy = try await EncoderFile(.binary, noise, .v2_1)
        #expect(try noisy.size() < 2000 * 55)
        let file = try await EncoderFile(.binary, urls, .v2_1)
        #expect(try file.encodings()[0].contains("Fsst"))
        #expect(try file.size() < 2000 * 18)
    }
}
