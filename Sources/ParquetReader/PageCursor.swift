// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import ObjectStorage

/// A page of values, decompressed.
struct DataPage {
    /// Levels, and so values with their nulls.
    var valueCount: Int
    var repetition: LevelDecoder
    var definition: LevelDecoder
    var encoding: Int32
    var values: ByteView
}

/// Reads the pages of one column chunk in order, one at a time: a chunk may be larger than the memory.
///
///     chunk = (page header, compressed page)*
struct PageCursor {
    enum Page {
        case dictionary(ByteView, count: Int)
        case data(DataPage)
    }

    private let source: any ByteSource
    private let end: Int
    private let codec: Codec?
    private let maxRepetition: UInt8
    private let maxDefinition: UInt8
    /// The next page's header.
    private var position: Int
    /// Bytes that were read together with a header: the page, where it is small, and those after it.
    private var window = ByteView.empty
    private var windowStart = 0
    /// Where the page that `next` returned begins.
    private(set) var pageOffset: Int

    /// Headers are read blindly, with what comes after them. Most are shorter than 100 bytes, but statistics in them
    /// may hold whole values.
    private static let readAhead = 32 << 10
    private static let longestHeader = 16 << 20

    init(_ source: any ByteSource, _ chunk: ColumnChunk, dataEnd: Int, column: LeafColumn) throws {
        guard chunk.filePath == nil else {
            throw Failure(.unsupported, "its pages are in another file, '\(chunk.filePath ?? "")'")
        }
        guard !chunk.isEncrypted else { throw Failure(.unsupported, "it is encrypted; decrypt the file first") }
        guard chunk.physical == column.physical.rawValue else {
            throw Failure(
                .corrupt, "its chunk is of physical type \(chunk.physical), but the schema says \(column.physical)")
        }
        guard chunk.start >= 4, chunk.start <= dataEnd, chunk.compressedSize <= dataEnd - chunk.start else {
            throw Failure(
                .corrupt,
                "its chunk of \(chunk.compressedSize) bytes at \(chunk.start) is not before the footer at \(dataEnd)")
        }
        self.source = source
        codec = try Codec.find(chunk.codec)
        position = chunk.start
        pageOffset = chunk.start
        end = chunk.start + chunk.compressedSize
        maxRepetition = column.maxRepetition
        maxDefinition = column.maxDefinition
    }

    /// Nil at the end of the chunk.
    mutating func next() throws -> Page? {
        while position < end {
            pageOffset = position
            let (header, headerSize) = try readHeader()
            let start = position + headerSize
            guard header.compressedSize <= end - start else {
                throw Failure(
                    .corrupt, "a page of \(header.compressedSize) bytes, but its chunk ends after \(end - start)")
            }
            position = start + header.compressedSize
            switch header.kind {
            case .other: continue
            case .dictionary(let count, let encoding):
                guard encoding == Encoding.plain.rawValue || encoding == Encoding.plainDictionary.rawValue else {
                    throw Failure(
                        .unsupported, "a dictionary in the encoding \(Encoding.name(encoding)) cannot be read")
                }
                return .dictionary(try decompress(payload(start, header), header.uncompressedSize), count: count)
            case .data(let data):
                let bytes = try payload(start, header)
                return .data(data.isV2 ? try pageV2(bytes, header, data) : try pageV1(bytes, header, data))
            }
        }
        return nil
    }

    // MARK: Bytes

    private mutating func readHeader() throws -> (header: PageHeader, size: Int) {
        var size = Self.readAhead
        var hasWindow = position >= windowStart && position < windowStart + window.count
        while true {
            if !hasWindow {
                window = try source.read(position, min(size, end - position))
                windowStart = position
            }
            do {
                let skipped = position - windowStart
                var thrift = ThriftReader(try window.slice(skipped, window.count - skipped))
                let header = try PageHeader(&thrift)
                return (header, thrift.position)
            } catch {
                // The header may go on after the window.
                let isWhole =
                    windowStart + window.count >= end || (windowStart == position && size >= Self.longestHeader)
                if isWhole { throw error }
                if hasWindow { hasWindow = false } else { size *= 4 }
            }
        }
    }

    private func payload(_ start: Int, _ header: PageHeader) throws -> ByteView {
        let skipped = start - windowStart
        let bytes: ByteView
        if skipped >= 0, skipped <= window.count, header.compressedSize <= window.count - skipped {
            bytes = try window.slice(skipped, header.compressedSize)
        } else {
            bytes = try source.read(start, header.compressedSize)
        }
        if let checksum = header.checksum {
            let actual = bytes.withUnsafeBytes { GzipCodec.checksum($0) }
            guard actual == checksum else {
                throw Failure(.corrupt, "the page's bytes have the CRC \(actual), but its header says \(checksum)")
            }
        }
        return bytes
    }

    private func decompress(_ view: ByteView, _ size: Int, isCompressed: Bool = true) throws -> ByteView {
        if let codec, isCompressed { return try codec.decompress(view, size: size) }
        guard view.count == size else {
            throw Failure(.corrupt, "an uncompressed page of \(view.count) bytes, but its header says \(size)")
        }
        return view
    }

    // MARK: Data pages

    private func pageV1(_ view: ByteView, _ header: PageHeader, _ data: PageHeader.DataHeader) throws -> DataPage {
        let bytes = try decompress(view, header.uncompressedSize)
        var reader = ByteReader(bytes)
        let repetition = try LevelDecoder(
            v1: &reader, encoding: data.repetitionEncoding, highest: maxRepetition, count: data.valueCount)
        let definition = try LevelDecoder(
            v1: &reader, encoding: data.definitionEncoding, highest: maxDefinition, count: data.valueCount)
        return DataPage(
            valueCount: data.valueCount, repetition: repetition, definition: definition, encoding: data.encoding,
            values: try reader.bytes(reader.remaining))
    }

    private func pageV2(_ view: ByteView, _ header: PageHeader, _ data: PageHeader.DataHeader) throws -> DataPage {
        let levels = data.repetitionSize + data.definitionSize
        guard levels <= header.uncompressedSize, data.nullCount <= data.valueCount else {
            throw Failure(.corrupt, "a page of \(header.uncompressedSize) bytes with \(levels) bytes of levels")
        }
        guard maxRepetition > 0 || data.rowCount == data.valueCount else {
            throw Failure(.corrupt, "a page of \(data.valueCount) values in \(data.rowCount) rows")
        }
        let repetition = try view.slice(0, data.repetitionSize, "repetition levels")
        let definition = try view.slice(data.repetitionSize, data.definitionSize, "definition levels")
        let values = try view.slice(levels, view.count - levels, "values")
        return DataPage(
            valueCount: data.valueCount,
            repetition: maxRepetition == 0
                ? LevelDecoder() : try LevelDecoder(runs: repetition, highest: maxRepetition),
            definition: maxDefinition == 0
                ? LevelDecoder() : try LevelDecoder(runs: definition, highest: maxDefinition),
            encoding: data.encoding,
            values: try decompress(values, header.uncompressedSize - levels, isCompressed: data.isCompressed))
    }
}
