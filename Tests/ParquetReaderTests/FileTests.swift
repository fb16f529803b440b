// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import ParquetReader
import Testing

/// What a user meets who gives us another file, or one that we do not read.
@Suite struct FileTests {
    private func open(_ bytes: [UInt8]) throws { _ = try ParquetFile(Region(copying: bytes, name: "x.parquet")) }

    private var good: HandmadeFile { HandmadeFile(.int32, rows: 1, [HandmadeFile.page(1, littleEndian(1 as Int32))]) }

    @Test func otherFiles() {
        expectFailure(.corrupt, "not a Parquet file: it has only 0 bytes") { try open([]) }
        expectFailure(.corrupt, "does not begin with PAR1") { try open(Array("id,text\n1,hello\n2,world\n".utf8)) }
        expectFailure(.corrupt, "does not end with PAR1") { try open(good.bytes + [10]) }
        var bytes = good.bytes
        bytes.replaceSubrange(bytes.count - 8..<bytes.count - 4, with: [255, 255, 255, 255])
        expectFailure(.corrupt, "metadata of 4294967295 bytes") { try open(bytes) }
    }

    @Test func encryptedFiles() {
        let bytes = good.bytes
        let mark = Array("PARE".utf8)
        expectFailure(.unsupported, "encrypted") { try open(mark + bytes[4..<bytes.count - 4] + mark) }
        var file = good
        file.extra[8] = .structure([1: .structure([:])])
        expectFailure(.unsupported, "encrypted") { try open(file.bytes) }
        file = good
        file.columns[0].extra[8] = .structure([1: .structure([:])])
        expectFailure(.unsupported, "column 'v'", "encrypted") { _ = try file.values() }
    }

    @Test func pagesElsewhere() {
        var file = good
        file.columns[0].extra[1] = .text("other.parquet")
        expectFailure(.unsupported, "column 'v'", "in another file, 'other.parquet'") { _ = try file.values() }
    }

    @Test func invalidTextIsNamedByColumnAndRow() throws {
        func file(_ values: [[UInt8]]) -> HandmadeFile {
            let pages = values.map { HandmadeFile.page(1, HandmadeFile.sized($0)) }
            return HandmadeFile(.bytes, converted: 0, rows: values.count, pages)
        }
        let good: [[UInt8]] = ["", "ascii text that is long", "ü", "€", "😀", "\u{0}", "\u{10ffff}", "\u{d7ff}\u{e000}"]
            .map { Array($0.utf8) }
        #expect(try file(good).values().count == good.count)
        let bad: [[UInt8]] = [
            [0x80], [0xc3], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80],
            [0xf0, 0x80, 0x80, 0x80],
            [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xff],
        ]
        for value in bad {
            for row in 0...good.count {
                var values = good
                values.insert(value, at: row)
                for maxBytes in [1, 1 << 20] {
                    expectFailure(.corrupt, "column 'v', row \(row):", "not valid UTF-8") {
                        _ = try file(values).values(maxBytes: maxBytes)
                    }
                }
            }
        }
        // Two values that are only text together.
        expectFailure(.corrupt, "row 0:") { _ = try file([[0xc3], [0xbc]]).values() }
    }

    @Test func narrowIntegersMustFit() throws {
        func read(_ converted: Int32, _ values: [Int32]) throws -> [String] {
            let page = HandmadeFile.page(values.count, littleEndian(values))
            return try HandmadeFile(.int32, converted: converted, rows: values.count, [page]).values()
        }
        #expect(try read(15, [-128, 127]) == ["-128", "127"])
        #expect(try read(16, [-32768, 32767]) == ["-32768", "32767"])
        #expect(try read(11, [255, 0, -1]) == ["255", "0", "255"])
        #expect(try read(12, [65535, -2]) == ["65535", "65534"])
        expectFailure(.corrupt, "column 'v', row 1: 128 does not fit 8 bits") { _ = try read(15, [0, 128]) }
        expectFailure(.corrupt, "row 0: 256 does not fit 8 bits") { _ = try read(11, [256]) }
        expectFailure(.corrupt, "row 0: -32769 does not fit 16 bits") { _ = try read(16, [-32769]) }
    }

    @Test func int96BeyondNanosecondsIsAnError() throws {
        let page = HandmadeFile.page(1, littleEndian(0 as Int64) + littleEndian(5_373_484 as Int32))
        expectFailure(.unsupported, "column 'v', row 0", "1677 to 2262") {
            _ = try HandmadeFile(.int96, rows: 1, [page]).values()
        }
    }

    @Test func emptyPagesAndHugeFixedLengths() throws {
        let pages = [
            HandmadeFile.page(0, []), HandmadeFile.page(1, littleEndian(5 as Int32)), HandmadeFile.page(0, []),
        ]
        #expect(try HandmadeFile(.int32, rows: 1, pages).values() == ["5"])
        let wide = HandmadeFile(.fixed, rows: 0, length: 1 << 30, [])
        #expect(try wide.open().schema.fields[0].type == .other("FIXED_LEN_BYTE_ARRAY(1073741824)"))
    }
}
