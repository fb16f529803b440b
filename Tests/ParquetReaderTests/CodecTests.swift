// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ParquetReader
import Testing

/// Streams that are put together by hand, mostly of bytes that are stored as they are.
@Suite struct CodecTests {
    private let plain = littleEndian((0..<50).map { Int32($0) })
    private var wanted: [String] { (0..<50).map(String.init) }

    private func read(_ codec: Int32, _ compressed: [UInt8], size: Int? = nil, rows: Int = 50) throws -> [String] {
        let page = HandmadeFile.page(rows, [], compressed: compressed, uncompressedSize: size ?? plain.count)
        return try HandmadeFile(.int32, rows: rows, codec: codec, [page]).values()
    }

    private func lz4(_ bytes: some Collection<UInt8>) -> [UInt8] {
        bytes.count < 15
            ? [UInt8(bytes.count) << 4] + bytes
            : [0xf0] + [UInt8](repeating: 255, count: (bytes.count - 15) / 255) + [UInt8((bytes.count - 15) % 255)]
                + bytes
    }

    private func frame(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let block = lz4(bytes)
        return littleEndian(UInt32(bytes.count).byteSwapped, UInt32(block.count).byteSwapped) + block
    }

    private func gzip(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var crc: UInt32 = 0xffff_ffff
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
        }
        let length = UInt16(bytes.count)
        return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1] + littleEndian(length, ~length) + bytes
            + littleEndian(~crc, UInt32(bytes.count))
    }

    private func zstd(_ bytes: some Collection<UInt8>) -> [UInt8] {
        [0x28, 0xb5, 0x2f, 0xfd, 0x20, UInt8(bytes.count)] + littleEndian(UInt32(bytes.count) << 3 | 1).prefix(3)
            + bytes
    }

    private func snappy(_ bytes: some Collection<UInt8>) -> [UInt8] {
        Varint.encode(UInt64(bytes.count)) + [60 << 2, UInt8(bytes.count - 1)] + bytes
    }

    @Test func everyCodec() throws {
        #expect(try read(0, plain) == wanted)
        #expect(try read(1, snappy(plain)) == wanted)
        #expect(try read(2, gzip(plain)) == wanted)
        #expect(try read(5, frame(plain)) == wanted)
        #expect(try read(6, zstd(plain)) == wanted)
        #expect(try read(7, lz4(plain)) == wanted)
    }

    @Test func severalPartsInOnePage() throws {
        for cut in [0, 1, 20, 199, 200] {
            let (first, second) = (plain[..<cut], plain[cut...])
            #expect(try read(2, gzip(first) + gzip(second)) == wanted)
            #expect(try read(5, frame(first) + frame(second)) == wanted)
            #expect(try read(6, zstd(first) + zstd(second)) == wanted)
        }
        // Zlib's header instead of gzip's, as some writers have it; the sum at the end is Adler-32.
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in plain {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        let zlib: [UInt8] =
            [0x78, 1, 1] + littleEndian(UInt16(200), ~UInt16(200)) + plain + littleEndian((b << 16 | a).byteSwapped)
        #expect(try read(2, zlib) == wanted)
    }

    @Test func lz4WithoutFramesIsReadToo() throws { #expect(try read(5, lz4(plain)) == wanted) }

    @Test func wrongSizesAreNoticed() {
        let streams: [(Int32, String, [UInt8])] = [
            (1, "SNAPPY", snappy(plain)), (2, "GZIP", gzip(plain)), (5, "LZ4", frame(plain)), (6, "ZSTD", zstd(plain)),
            (7, "LZ4_RAW", lz4(plain)),
        ]
        for (codec, name, stream) in streams {
            for size in [plain.count - 1, plain.count + 1] {
                expectFailure(.corrupt, "compressed with \(name)", "column 'v'") {
                    _ = try read(codec, stream, size: size)
                }
            }
            expectFailure(.corrupt, name) { _ = try read(codec, Array(stream.dropLast(3))) }
            // Two billion bytes out of a few hundred: not believed, except of Zstandard, which could.
            if codec != 6 {
                expectFailure(.corrupt, "of \(name) cannot hold the 2147483647") {
                    _ = try read(codec, stream, size: Int(Int32.max))
                }
            }
            expectFailure(.corrupt, name) { _ = try read(codec, [], size: 4) }
        }
        expectFailure(.corrupt, "20 bytes of ZSTD cannot hold the 2147483647") {
            _ = try read(6, [UInt8](repeating: 0, count: 20), size: Int(Int32.max))
        }
        expectFailure(.corrupt, "an uncompressed page of 200 bytes, but its header says 100") {
            _ = try read(0, plain, size: 100)
        }
    }

    @Test func codecsThatWeLackAreNamed() {
        expectFailure(.unsupported, "BROTLI", "column 'v'") { _ = try read(4, plain) }
        expectFailure(.unsupported, "LZO") { _ = try read(3, plain) }
        expectFailure(.unsupported, "codec 99") { _ = try read(99, plain) }
    }

    @Test func checksums() throws {
        // The CRC-32 of 200 bytes as gzip has it.
        let crc = Array(gzip(plain).suffix(8).prefix(4))
        let value = Int32(
            bitPattern: UInt32(crc[0]) | UInt32(crc[1]) << 8 | UInt32(crc[2]) << 16 | UInt32(crc[3]) << 24)
        let good = HandmadeFile.page(50, plain, extra: [4: .int32(value)])
        #expect(try HandmadeFile(.int32, rows: 50, [good]).values() == wanted)
        expectFailure(.corrupt, "CRC") {
            _ = try HandmadeFile(.int32, rows: 50, [HandmadeFile.page(50, plain, extra: [4: .int32(value ^ 1)])])
                .values()
        }
    }
}
