// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Foundation
import LanceProto
import SwiftProtobuf

/// One way to store the values of a page of text, and what it takes.
struct TextCandidate {
    /// Bits of an offset or a length.
    let bits: Int
    private let isShort: Bool
    /// The bytes that stand for each value.
    private(set) var stored: TextValues
    private(set) var encoding: ProtoCompressiveEncoding
    private var tableBytes = 0

    /// As it is.
    init(_ values: TextValues, isShort: Bool, bits: Int) {
        self.bits = bits
        self.isShort = isShort
        stored = values
        encoding = .with { $0.variable.offsets.flat.bitsPerValue = UInt64(bits) }
    }

    /// Bytes in the file, about.
    var size: Int {
        // Chunks have a header; records have an entry in the row index.
        stored.data.count + stored.count * bits / 8 + (isShort ? stored.data.count / 128 : stored.count * 4)
            + tableBytes
    }

    /// A page of fewer bytes does not gain what the table takes.
    private static let leastBytes = 8 << 10
    /// From here on, values are worth a frame of their own.
    private static let leastFrameBytes = 1 << 10

    /// Takes a table of symbols, or compresses each value, where that is clearly smaller.
    mutating func improve(longest: Int) {
        guard stored.data.count >= Self.leastBytes else { return }
        let raw = self
        let trainer = SymbolTrainer(raw.stored)
        guard let coder = trainer.train() else { return }
        if !isShort, longest >= Self.leastFrameBytes, let frames = Self.framesIfSmaller(raw.stored, than: coder) {
            stored = frames
            encoding = .with {
                $0.general.compression.scheme = .schemeZstd
                $0.general.values = raw.encoding
            }
            return
        }
        let coded = coder.encode(raw.stored)
        guard coded.data.count + SymbolCoder.tableBytes < raw.stored.data.count else { return }
        stored = coded
        tableBytes = SymbolCoder.tableBytes
        encoding = .with {
            $0.fsst.symbolTable = .init(coder.table)
            $0.fsst.values = raw.encoding
        }
    }

    /// Each value as a zstd frame, where a sample of them says that this is clearly smaller.
    private static func framesIfSmaller(_ values: TextValues, than coder: SymbolCoder) -> TextValues? {
        let step = max(values.count / 32, 1)
        let sample = values.gather(stride(from: 0, to: values.count, by: step).map { $0 })
        let frames = frames(sample)
        guard let frames, frames.data.count < coder.encode(sample).data.count * 9 / 10 else { return nil }
        return Self.frames(values)
    }

    private static func frames(_ values: TextValues) -> TextValues? {
        guard let encoder = ZstdEncoder() else { return nil }
        var writer = ByteWriter(reserving: values.data.count / 2)
        var offsets = [0]
        offsets.reserveCapacity(values.count + 1)
        for row in 0..<values.count {
            // Nulls have no record, and what is empty needs no frame.
            guard values.offsets[row] < values.offsets[row + 1] else {
                offsets.append(writer.count)
                continue
            }
            let frame = values.data.withUnsafeBytes {
                encoder.compress(
                    UnsafeRawBufferPointer(rebasing: $0[values.offsets[row]..<values.offsets[row + 1]]))
            }
            guard let frame else { return nil }
            writer.write(frame)
            offsets.append(writer.count)
        }
        return TextValues(offsets: offsets, data: ByteView(copying: writer.bytes, name: "frames"))
    }

    /// Offsets count from the chunk's first byte.
    ///
    /// ```
    /// n + 1 offsets, u32 or u64 | bytes
    /// ```
    func chunks() -> EncodedChunks {
        var result = EncodedChunks(encoding)
        let width = bits / 8
        let offsets = stored.offsets
        var row = 0
        stored.data.withUnsafeBytes { source in
            while row < stored.count {
                let left = stored.count - row
                func size(_ rows: Int) -> Int { (rows + 1) * width + offsets[row + rows] - offsets[row] }
                // Official readers want whole offsets.
                func padded(_ rows: Int) -> Int { (size(rows) + width - 1) / width * width }
                var rows = min(2, left)
                while rows < left, rows < EncodedChunks.mostValues {
                    let more = min(rows * 2, left)
                    guard size(more) <= Self.usualChunkBytes else { break }
                    rows = more
                }
                // All chunks but the last are of a power of two.
                let table = (rows + 1) * width
                for index in row...row + rows {
                    let offset = table + offsets[index] - offsets[row]
                    if bits == 32 { result.bytes.write(UInt32(offset)) } else { result.bytes.write(UInt64(offset)) }
                }
                result.bytes.write(UnsafeRawBufferPointer(rebasing: source[offsets[row]..<offsets[row + rows]]))
                result.bytes.write(repeating: 0, count: padded(rows) - size(rows))
                result.chunks.append(.init(count: rows, sizes: [padded(rows)]))
                row += rows
            }
        }
        return result
    }

    /// Twice what is usual would do as well; with half as many values as could be, half of the chunks would be small.
    private static let usualChunkBytes = EncodedChunks.usualBytes * 3 / 2
}
