// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// A compression that pages may be in.
struct Codec: Sendable {
    let name: String
    /// Fills `target` exactly; false where `source` is not a stream of just that many bytes.
    typealias Decompress = @Sendable (_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool
    let decompress: Decompress
    /// No stream of this codec grows by more than this, so a larger claim is not believed and no memory is spent on it.
    let highestRatio: Int

    /// All codecs that we read, by the numbers of the format's `CompressionCodec`; a new one is a line here.
    private static let registry: [Int32: Codec] = [
        1: Codec(name: "SNAPPY", decompress: SnappyCodec.decompress, highestRatio: SnappyCodec.highestRatio),
        2: Codec(name: "GZIP", decompress: GzipCodec.decompress, highestRatio: GzipCodec.highestRatio),
        5: Codec(name: "LZ4", decompress: LZ4Codec.decompressHadoop, highestRatio: LZ4Codec.highestRatio),
        6: Codec(name: "ZSTD", decompress: ZstdCodec.decompress, highestRatio: ZstdCodec.highestRatio),
        7: Codec(name: "LZ4_RAW", decompress: LZ4Codec.decompress, highestRatio: LZ4Codec.highestRatio),
    ]

    private static let unsupported: [Int32: String] = [3: "LZO", 4: "BROTLI"]

    /// Nil for pages that are not compressed.
    static func find(_ number: Int32) throws -> Codec? {
        if number == 0 { return nil }
        guard let codec = registry[number] else {
            throw Failure(
                .unsupported,
                "compressed with \(unsupported[number] ?? "codec \(number)"), which cannot be read; "
                    + "write the file again with Snappy, Zstandard, LZ4 or gzip")
        }
        return codec
    }

    /// Pages of fewer bytes may be of any ratio that the codec allows.
    private static let usualPage = 256 << 20
    /// What pages larger than that may grow by: a row group of one page is that large, but not out of hardly any bytes.
    private static let ratioOfLarge = 64

    /// The `size` bytes that `view` holds compressed.
    func decompress(_ view: ByteView, size: Int) throws -> ByteView {
        if size == 0 { return try view.slice(0, 0) }
        let (most, overflow) = view.count.multipliedReportingOverflow(by: highestRatio)
        guard overflow || size <= most else {
            throw view.corrupt("\(view.count) bytes of \(name) cannot hold the \(size) that the page announces")
        }
        guard size <= Self.usualPage || size / Self.ratioOfLarge <= view.count else {
            throw Failure(
                .unsupported,
                "a page of \(size >> 20) MiB out of \(view.count) bytes is too large; write the file again with smaller pages"
            )
        }
        return try Region(count: size, name: view.region.name, fileOffset: view.fileOffset) { target in
            guard view.withUnsafeBytes({ decompress($0, target) }) else {
                throw view.corrupt("\(view.count) bytes are not \(size) bytes compressed with \(name)")
            }
        }.view
    }
}
