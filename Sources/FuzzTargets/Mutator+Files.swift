// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import TestSupport
import SwiftProtobuf

extension Mutator {
    /// A data or index file with a change in its metadata or in its pages.
    mutating func dataFile(_ bytes: [UInt8], _ most: Int) -> [UInt8]? {
        guard var parts = FileParts(bytes) else { return nil }
        let room = max(most - bytes.count, 0)
        switch random.below(20) {
        case 0: parts.end = window(parts.end, in: 0..<4)
        case 1..<4 where !parts.globalBuffers.isEmpty:
            let index = random.below(parts.globalBuffers.count)
            let buffer = parts.globalBuffers[index]
            parts.globalBuffers[index] = message(buffer, buffer.count + room)
        case 4..<12 where !parts.columns.isEmpty:
            let index = random.below(parts.columns.count)
            parts.columns[index] = message(parts.columns[index], parts.columns[index].count + room)
        case 12: return window(bytes, in: min(parts.body.count, bytes.count)..<bytes.count)
        default: parts.body = window(parts.body, in: buffer(of: parts))
        }
        return parts.bytes
    }

    /// Where one of the pages' buffers stands.
    private mutating func buffer(of parts: FileParts) -> Range<Int> {
        let whole = parts.body.indices
        guard let column = parts.columns.randomElement(using: &random),
            let page = (try? ProtoColumnMetadata(serializedBytes: column))?.pages.randomElement(using: &random),
            let index = page.bufferOffsets.indices.randomElement(using: &random), index < page.bufferSizes.count,
            let start = Int(exactly: page.bufferOffsets[index]), start < whole.upperBound,
            let length = Int(exactly: page.bufferSizes[index]), length > 0
        else { return whole }
        // What stands in the beginning of a buffer tells where the rest is.
        let end = start + min(length, whole.upperBound - start)
        return start..<(random.chance(0.4) ? min(start + 16, end) : end)
    }

    /// A manifest with a change in its message or in the sections before it.
    mutating func manifest(_ bytes: [UInt8], _ most: Int) -> [UInt8]? {
        let view = ByteView(copying: bytes)
        guard let end: Int64 = try? view.load(at: bytes.count - 16), let start = Int(exactly: end),
            start >= 0, start <= bytes.count - 20
        else { return nil }
        if start > 0, random.chance(0.3) { return window(bytes, in: 0..<start) }
        let body = message(Array(bytes[start + 4..<bytes.count - 16]), most - start - 20)
        var writer = ByteWriter()
        writer.write(Array(bytes[..<start]))
        writer.write(UInt32(truncatingIfNeeded: body.count))
        writer.write(body)
        writer.write(Array(bytes.suffix(16)))
        return writer.bytes
    }

    /// A Parquet file with a change in its metadata, which may grow, or in a page.
    mutating func parquet(_ bytes: [UInt8], _ most: Int) -> [UInt8]? {
        let view = ByteView(copying: bytes)
        guard let size: UInt32 = try? view.load(at: bytes.count - 8), Int(size) <= bytes.count - 12 else { return nil }
        let start = bytes.count - 8 - Int(size)
        if random.chance(0.6) { return window(bytes, in: 4..<start) }
        let footer = Array(bytes[start..<start + Int(size)])
        let changed =
            random.chance(0.5)
            ? window(footer, in: footer.indices) : raw(footer, max(footer.count + most - bytes.count, footer.count))
        var writer = ByteWriter()
        writer.write(Array(bytes[..<start]))
        writer.write(changed)
        writer.write(UInt32(truncatingIfNeeded: changed.count))
        writer.write(Array(bytes.suffix(4)))
        return writer.bytes
    }
}
