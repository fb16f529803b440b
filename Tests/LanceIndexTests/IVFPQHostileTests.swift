// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceIndex
import LanceProto
import Testing
import VectorMath
import TestSupport

/// Files that are well-formed and say what cannot be.
struct IVFPQHostileTests {
    typealias Change = @Sendable (inout IVFPQHandMade) throws -> Void

    @Test func theUnchangedOneIsGood() async throws {
        let index = try await IVFPQHandMade().open()
        let (rowIDs, codes) = try index.everything()
        #expect(index.metric == .l2 && index.bits == 4 && index.codeBytes == 1 && index.loss == nil)
        #expect(rowIDs.count == 56 && codes == (0..<7).map { UInt8($0 * 31 + 1) })
    }

    static let corrupt: [(String, Change)] = [
        ("offsets with a gap", { $0.codesExtents.offsets = [0, 4] }),
        ("a negative gap", { $0.codesExtents.offsets = [0, 2] }),
        ("an enormous offset", { $0.codesExtents.offsets = [UInt64.max, 3] }),
        ("too few rows in partitions", { $0.codesExtents.lengths = [3, 3] }),
        ("too many rows in partitions", { $0.codesExtents.lengths = [3, 5] }),
        ("lengths beyond 32 bits", { $0.codesExtents.lengths = [UInt32.max, UInt32.max] }),
        ("one offset for two lengths", { $0.codesExtents.offsets = [0] }),
        ("three partitions of codes", { $0.codesExtents.lengths = [3, 4, 0] }),
        ("no partition of codes", { $0.codesExtents = ProtoIVF() }),
        ("no partition at all", { $0.indexExtents = ProtoIVF() }),
        ("three partitions of two centroids", { $0.indexExtents.lengths = [0, 0, 0] }),
        ("centroids of another shape", { $0.centroids.shape = [4, 2] }),
        ("centroids without a shape", { $0.centroids.shape = [] }),
        ("an enormous shape", { $0.centroids.shape = [UInt32.max, UInt32.max, UInt32.max] }),
        ("too few bytes of centroids", { $0.centroids.data.removeLast() }),
        ("too many bytes of centroids", { $0.centroids.data += [0, 0, 0, 0] }),
        (
            "a centroid that is not a number",
            { $0.centroids = IVFPQHandMade.tensor([.nan] + [0, 0, 0, 0, 0, 0, 0], [2, 4]) }
        ),
        ("an infinite centroid", { $0.centroids = IVFPQHandMade.tensor([0, 0, 0, 0, 0, 0, 0, -.infinity], [2, 4]) }),
        (
            "a code word that is not a number",
            { $0.book = IVFPQHandMade.tensor([Float](repeating: .nan, count: 64), [16, 4]) }
        ),
        (
            "a codebook of 8-bit codes",
            { $0.book = IVFPQHandMade.tensor([Float](repeating: 0, count: 1024), [256, 4]) }
        ),
        ("an empty codebook", { $0.book.data = Data() }),
        ("codes of another metric", { $0.metric = "cosine" }),
        ("another dimension", { $0.quantizer["dimension"] = "8" }),
        ("an enormous dimension", { $0.quantizer["dimension"] = "9223372036854775807" }),
        ("a dimension beyond that", { $0.quantizer["dimension"] = "9223372036854775808" }),
        ("a negative dimension", { $0.quantizer["dimension"] = "-4" }),
        ("no sub-vector", { $0.quantizer["num_sub_vectors"] = "0" }),
        ("negative sub-vectors", { $0.quantizer["num_sub_vectors"] = "-2" }),
        ("three sub-vectors", { $0.quantizer["num_sub_vectors"] = "3" }),
        ("an odd number of 4-bit codes", { $0.quantizer["num_sub_vectors"] = "1" }),
        ("codes twice as wide", { $0.quantizer["num_sub_vectors"] = "4" }),
        ("a codebook that is not there", { $0.quantizer["codebook_position"] = "3" }),
        ("no word on the order of codes", { $0.quantizer["transposed"] = nil }),
        ("text for a number", { $0.quantizer["nbits"] = "\"4\"" }),
        ("no quantizer", { $0.storage = "[]" }),
        ("two quantizers", { $0.storage = "[\"{}\",\"{}\"]" }),
        ("a quantizer that is no JSON", { $0.storage = "[\"{\"]" }),
        ("metadata that is no JSON", { $0.storage = "codes" }),
        ("metadata nested without end", { $0.storage = String(repeating: "[", count: 100_000) }),
        ("partitions in the schema's buffer", { $0.indexBuffer = "0" }),
        ("partitions in no buffer", { $0.codesBuffer = "9" }),
        ("partitions in a word", { $0.codesBuffer = "one" }),
        ("a type that is no JSON", { $0.kind = "IVF_PQ" }),
        ("row ids of 32 bits", { $0.rowIDs = try IVFPQHandMade.column(.uint32, [UInt32](repeating: 1, count: 7)) }),
        ("row ids by another name", { $0.rowIDName = "row" }),
        (
            "a null row id",
            { hand in
                hand.rowIDs = try IVFPQHandMade.column(
                    .uint64, [UInt64](repeating: 1, count: 7), validity: [true, true, false, true, true, true, true])
            }
        ),
        ("codes of two bytes", { $0.codes = try IVFPQHandMade.codes([UInt8](repeating: 1, count: 14), width: 2) }),
    ]

    @Test(arguments: corrupt.map(\.0)) func isCorrupt(_ name: String) async throws {
        var hand = try IVFPQHandMade()
        try #require(Self.corrupt.first { $0.0 == name }).1(&hand)
        let failure = try await expectFailure([.corrupt], name) { [hand] in try await hand.open() }
        #expect(failure.path?.contains("_indices/") == true, "\(failure)")
    }

    static let unsupported: [(String, String, Change)] = [
        ("another type", "IVF_FLAT", { $0.kind = #"{"type":"IVF_FLAT","distance_type":"l2"}"# }),
        ("another metric", "hamming", { $0.kind = #"{"type":"IVF_PQ","distance_type":"hamming"}"# }),
        ("six bits", "6 bits", { $0.quantizer["nbits"] = "6" }),
        ("a codebook in the metadata", "metadata", { $0.quantizer["codebook_position"] = "0" }),
        ("brain floats", "bfloat16", { $0.centroids.dataType = .bfloat16 }),
        ("integers", "uint8", { $0.book.dataType = .uint8 }),
        ("numbers not known", "99", { $0.book.dataType = .UNRECOGNIZED(99) }),
    ]

    @Test(arguments: unsupported.map(\.0)) func isUnsupported(_ name: String) async throws {
        var hand = try IVFPQHandMade()
        let (_, word, change) = try #require(Self.unsupported.first { $0.0 == name })
        try change(&hand)
        let failure = try await expectFailure([.unsupported], name) { [hand] in try await hand.open() }
        #expect(failure.message.contains(word) && failure.path != nil, "\(failure)")
    }

    /// What is odd and can be read.
    static let good: [(String, Change)] = [
        ("no offsets", { $0.codesExtents.offsets = [] }),
        ("the metric's other name", { $0.metric = "Euclidean" }),
        (
            "an empty partition at any place",
            {
                $0 = try IVFPQHandMade(lengths: [0, 7])
                $0.codesExtents.offsets = [1000, 0]
            }
        ),
        ("codes that are kept in the metadata too", { $0.quantizer["codebook_tensor"] = "[1,2,3]" }),
        ("no rows", { $0 = try IVFPQHandMade(lengths: [0, 0]) }),
    ]

    @Test(arguments: good.map(\.0)) func isGood(_ name: String) async throws {
        var hand = try IVFPQHandMade()
        try #require(Self.good.first { $0.0 == name }).1(&hand)
        let index = try await hand.open()
        let (rowIDs, codes) = try index.everything()
        #expect(rowIDs.count == hand.rowIDs.count * 8 && codes.count == hand.codes.count)
    }

    /// Partitions that lie in several pages, in either order of codes, are the same as in one.
    @Test(arguments: [true, false]) func partitionsAcrossPages(_ transposed: Bool) async throws {
        var random = SplitMix64(seed: 93)
        for _ in 0..<60 {
            let lengths = [random.below(40), random.below(200)]
            let rows = lengths.reduce(0, +)
            let bytes = random.bytes(rows * 2)
            var hand = try IVFPQHandMade(lengths: lengths)
            hand.quantizer["num_sub_vectors"] = "4"
            hand.quantizer["transposed"] = "\(transposed)"
            hand.codes = try IVFPQHandMade.codes(bytes, width: 2)
            hand.pages = []
            while hand.pages.reduce(0, +) < rows {
                hand.pages.append(min(random.below(50), rows - hand.pages.reduce(0, +)))
            }
            let found = try await hand.open().everything()
            var expected: [UInt8] = []
            var start = 0
            for length in lengths {
                let part = Array(bytes[start * 2..<(start + length) * 2])
                start += length
                expected +=
                    transposed ? part : (0..<2).flatMap { j in (0..<length).map { row in part[row * 2 + j] } }
            }
            try check(found.codes == expected, "codes of \(lengths) in \(hand.pages)")
            try check(
                found.rowIDs == hand.rowIDs.withValueBytes { [UInt8]($0) }, "row ids of \(lengths) in \(hand.pages)")
        }
    }
}
