// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto

/// Single values of a page of text of file version 2.1 or 2.2: full-zip pages, and mini-block pages without a dictionary.
///
/// What reading a column of one row does anew each time is done once here.
final class CodedTextPage: Sendable {
    private enum Place: Sendable {
        case fullZip(FullZipRecords, lengthWidth: Int)
        /// With where in a chunk's values the offsets are, and how levels are encoded, if there are any.
        case miniBlock(MiniBlockChunks, offsetWidth: Int, levels: ProtoCompressiveEncoding?)
    }

    private let place: Place
    private let rowCount: Int
    /// Nil where text is stored as it is.
    private let symbols: SymbolTable?

    /// Nil for pages of other kinds, and of files that are elsewhere; they are read as columns.
    init?(_ page: Page) {
        guard page.isInMemory, case .layout(let proto) = page.encoding else { return nil }
        rowCount = page.rowCount
        do {
            var encoding: ProtoCompressiveEncoding
            switch proto.layout {
            case .fullZip(let zip):
                let layers = try Layers(zip.layers)
                guard layers.kinds.count == 1, layers.lists == 0, case .bitsPerOffset(let bits) = zip.width,
                    bits == 32 || bits == 64
                else { return nil }
                place = .fullZip(try FullZipRecords(zip, layers, page), lengthWidth: Int(bits / 8))
                encoding = zip.valueCompression
            case .miniBlock(let block):
                let layers = try Layers(block.layers)
                guard layers.kinds.count == 1, layers.lists == 0, !block.hasDictionary, block.numBuffers == 1,
                    let offsets = Self.offsetWidth(block.valueCompression)
                else { return nil }
                let chunks = try page.cache.chunks { try MiniBlockChunks(block, layers, page) }
                place = .miniBlock(
                    chunks, offsetWidth: offsets, levels: block.hasDefCompression ? block.defCompression : nil)
                encoding = block.valueCompression
            default: return nil
            }
            var table: SymbolTable?
            if case .fsst(let fsst) = encoding.compression {
                table = try page.cache.symbols {
                    try SymbolTable(ByteView(copying: fsst.symbolTable, name: "symbol table"))
                }
                encoding = fsst.values
            }
            guard case .variable(let variable) = encoding.compression, !variable.hasValues else { return nil }
            symbols = table.flatMap { $0.isUsed ? $0 : nil }
        } catch {
            // Reading the page as a column says what is wrong with it.
            return nil
        }
    }

    private static func offsetWidth(_ encoding: ProtoCompressiveEncoding) -> Int? {
        switch encoding.compression {
        case .fsst(let fsst): return offsetWidth(fsst.values)
        case .variable(let variable):
            guard case .flat(let flat) = variable.offsets.compression,
                flat.bitsPerValue == 32 || flat.bitsPerValue == 64
            else { return nil }
            return Int(flat.bitsPerValue / 8)
        default: return nil
        }
    }

    /// The stored bytes of a row; nil where it is null.
    private func stored(_ row: Int) throws -> ByteView? {
        guard row >= 0, row < rowCount else {
            throw Failure(.corrupt, "row \(row) of a page of \(rowCount) rows of text")
        }
        switch place {
        case .fullZip(let records, let lengthWidth): return try records.value(row, lengthWidth: lengthWidth)
        case .miniBlock(let chunks, let width, let levels):
            guard let chunk = chunks.place(of: row) else { throw Failure(.corrupt, "no chunk has row \(row)") }
            let (definition, values) = try chunks.single(chunk)
            let index = row - chunk.values.lowerBound
            if let levels, try LayoutDecoder.levels(levels, definition, count: chunk.values.count)[index] != 0 {
                return nil
            }
            let (start, end): (UInt64, UInt64)
            if width == 4 {
                let both = try values.load(UInt64.self, at: index * 4)
                (start, end) = (both & 0xffff_ffff, both >> 32)
            } else {
                (start, end) = (
                    try values.load(UInt64.self, at: index * 8), try values.load(UInt64.self, at: index * 8 + 8)
                )
            }
            guard start <= end else { throw values.corrupt("a value from byte \(start) to \(end)", at: index * width) }
            return try values.slice(start, end - start, "a value")
        }
    }

    /// The memory in which a row is looked up, or with `isText` that of its bytes; nil where that would have to be read
    /// first.
    func memory(of row: Int, isText: Bool) -> UnsafeRawBufferPointer? {
        guard row >= 0, row < rowCount else { return nil }
        switch place {
        case .fullZip(let records, _):
            guard isText else { return records.indexMemory(of: row) }
            return (try? stored(row))?.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0.prefix(512)) }
        case .miniBlock(let chunks, _, _):
            // A chunk's sizes and offsets stand before its values.
            guard let chunk = chunks.place(of: row) else { return nil }
            guard isText else { return chunks.memory(chunk).map { UnsafeRawBufferPointer(rebasing: $0.prefix(64)) } }
            return (try? stored(row))?.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0.prefix(128)) }
        }
    }

    /// The value of a row; nil where it is null.
    func text(at row: Int) throws -> String? {
        guard let stored = try stored(row) else { return nil }
        guard let symbols else { return try stored.withUnsafeBytes { try TextPage.text($0, row: row) } }
        // Most texts are short: their bytes need no memory of their own.
        return try withUnsafeTemporaryAllocation(byteCount: LayoutDecoder.made(stored.count + 1, 8), alignment: 8) {
            buffer in
            let count = try symbols.decode(stored, into: buffer)
            return try TextPage.text(
                UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]), row: row)
        }
    }
}
