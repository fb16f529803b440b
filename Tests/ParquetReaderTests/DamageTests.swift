// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import ObjectStorage
import ParquetReader
import TestSupport
import Testing

/// Damaged files give an error or a well-formed result: never a trap, a hang, or memory without bound.
@Suite struct DamageTests {
    /// `LANCE_DAMAGE_CASES` makes it a longer run.
    static let cases = ProcessInfo.processInfo.environment["LANCE_DAMAGE_CASES"].flatMap(Int.init) ?? 4000

    private struct Outcome {
        var failures = 0
        var reads = 0
    }

    @Test func everyTruncationIsNoticed() throws {
        var random = SplitMix64(seed: 1)
        let seeds = try Fixtures.paths.map { try [UInt8](Data(contentsOf: URL(fileURLWithPath: $0))) }
        for number in 0..<Self.cases / 4 {
            let seed = seeds[number % seeds.count]
            let length = Int.random(in: 0..<seed.count, using: &random)
            #expect(throws: Failure.self) { try ParquetFile(Region(copying: seed[..<length], name: "cut")) }
        }
    }

    @Test(.timeLimit(.minutes(30)))
    func changedBytesGiveAnErrorOrAWellFormedResult() throws {
        var random = SplitMix64(seed: 2)
        let seeds = try Fixtures.paths.map { try [UInt8](Data(contentsOf: URL(fileURLWithPath: $0))) }
        var outcome = Outcome()
        let before = Self.peakMemory
        for number in 0..<Self.cases {
            var bytes = seeds[number % seeds.count]
            Self.damage(&bytes, &random)
            try Self.read(bytes, &outcome)
        }
        // Both happen, or the test damages too much or too little.
        #expect(outcome.failures > Self.cases / 10 && outcome.reads > Self.cases / 10)
        #expect(Self.peakMemory - before < 600 << 20, "peak memory grew by \((Self.peakMemory - before) >> 20) MiB")
    }

    /// Few changes, so that some files stay readable, in places that are mostly structure.
    private static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let footer = bytes.count - 8 - Int(bytes[bytes.count - 8]) - Int(bytes[bytes.count - 7]) << 8
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let range = Bool.random(using: &random) ? 4..<bytes.count : max(footer, 0)..<bytes.count
            let place = Int.random(in: range, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = 0xff
            case 1: bytes[place] = 0
            case 2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 3: bytes[place] &+= Bool.random(using: &random) ? 1 : 0xff
            default: bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
        }
    }

    private static func read(_ bytes: [UInt8], _ outcome: inout Outcome) throws {
        let file: ParquetFile
        do {
            file = try ParquetFile(Region(copying: bytes, name: "damaged"))
        } catch is Failure {
            outcome.failures += 1
            return
        }
        // Each column alone, so that one that is damaged does not hide the others; then all.
        var failed = false
        for field in file.schema.fields { failed = try !readAll(file, [field.name]) || failed }
        failed = try !readAll(file, nil) || failed
        if failed { outcome.failures += 1 } else { outcome.reads += 1 }
    }

    private static func readAll(_ file: ParquetFile, _ columns: [String]?) throws -> Bool {
        do {
            var rows = 0
            var batches = try file.batches(columns: columns, maxBytes: 4096)
            while let batch = try batches.next() {
                #expect(batch.count > 0)
                rows += batch.count
                // A file may say truly, in few bytes, that it has billions of nulls.
                if rows > 100_000 { return true }
                for column in batch.columns { try walk(column) }
            }
            #expect(rows == file.rowCount)
            return true
        } catch let failure as Failure {
            #expect(failure.path == "damaged")
            return false
        }
    }

    private static func walk(_ column: Column) throws {
        for row in 0..<column.count { _ = try column.value(row) }
    }

    /// Bytes of memory that the process had at most, as far as the system tells.
    private static var peakMemory: Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
        else { return 0 }
        return kilobytes << 10
    }
}
