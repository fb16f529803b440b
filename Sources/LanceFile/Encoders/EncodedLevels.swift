// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import LanceProto
import SwiftProtobuf

/// Which rows of a page are null, and how its chunks say so: a level of 16 bits a row, 1 for null.
struct EncodedLevels {
    private enum Method {
        /// 1,024 levels in 128 bytes; the rest of a chunk as it is where that is no larger.
        case packed
        /// Up to 1,024 levels in 128 bytes behind a word that says their bits; in that word alone if none is null.
        case inline
        case plain
        /// Runs of up to 255 levels in three bytes each (2.2).
        case runs
    }

    /// A level a row.
    let levels: [UInt16]
    let nullCount: Int
    private var method = Method.plain

    /// Nil where no row is null.
    init?(_ columns: [Column]) {
        let nulls = columns.reduce(0) { $0 + $1.nullCount }
        guard nulls > 0 else { return nil }
        nullCount = nulls
        var levels: [UInt16] = []
        levels.reserveCapacity(columns.reduce(0) { $0 + $1.count })
        for column in columns {
            if let validity = column.validity {
                for row in 0..<column.count { levels.append(validity[row] ? 0 : 1) }
            } else {
                levels.append(contentsOf: repeatElement(column.nullCount == 0 ? 0 : 1, count: column.count))
            }
        }
        self.levels = levels
    }

    func isNull(_ row: Int) -> Bool { levels[row] != 0 }

    /// Takes the method that is the smallest for chunks of these rows.
    mutating func choose(_ chunks: [Range<Int>], version: FileVersion) {
        var best = Int.max
        var candidates = [Method.packed, .plain]
        if version >= .v2_2 { candidates.append(.runs) }
        if chunks.allSatisfy({ $0.count <= FastLanes.count }) { candidates.append(.inline) }
        for candidate in candidates {
            let total = chunks.reduce(0) { $0 + ChunkOverhead.padded(size(candidate, $1)) }
            if total < best { (best, method) = (total, candidate) }
        }
    }

    private func size(_ method: Method, _ rows: Range<Int>) -> Int {
        switch method {
        case .plain: rows.count * 2
        case .packed:
            rows.count / FastLanes.count * Self.packedBytes + min(rows.count % FastLanes.count * 2, Self.packedBytes)
        case .inline: 2 + (levels[rows].contains(1) ? Self.packedBytes : 0)
        case .runs: 8 + runs(rows).count * 3
        }
    }

    /// Of 1,024 levels of one bit.
    private static let packedBytes = FastLanes.byteCount(width: 1)

    var encoding: ProtoCompressiveEncoding {
        .with {
            switch method {
            case .plain: $0.flat.bitsPerValue = 16
            case .packed:
                $0.outOfLineBitpacking.uncompressedBitsPerValue = 16
                $0.outOfLineBitpacking.values.flat.bitsPerValue = 1
            case .inline: $0.inlineBitpacking.uncompressedBitsPerValue = 16
            case .runs:
                $0.rle.values.flat.bitsPerValue = 16
                $0.rle.runLengths.flat.bitsPerValue = 8
            }
        }
    }

    func bytes(_ rows: Range<Int>) -> [UInt8] {
        var writer = ByteWriter()
        switch method {
        case .plain: writer.write(elements: levels[rows])
        case .packed: pack(rows, into: &writer)
        case .inline:
            let hasNull = levels[rows].contains(1)
            writer.write(UInt16(hasNull ? 1 : 0))
            if hasNull { pack(rows, isWhole: true, into: &writer) }
        case .runs:
            // u64 bytes of the values | values | lengths
            let runs = runs(rows)
            writer.write(UInt64(runs.count * 2))
            for run in runs { writer.write(run.level) }
            for run in runs { writer.write(run.length) }
        }
        return writer.bytes
    }

    private func pack(_ rows: Range<Int>, isWhole: Bool = false, into writer: inout ByteWriter) {
        var packed = [UInt16](repeating: 0, count: Self.packedBytes / 2)
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: FastLanes.count) {
            var part = Array(levels[start..<min(start + FastLanes.count, rows.upperBound)])
            if !isWhole, part.count * 2 <= Self.packedBytes {
                writer.write(elements: part)
                continue
            }
            part.append(contentsOf: repeatElement(0, count: FastLanes.count - part.count))
            packed.withUnsafeMutableBufferPointer { packed in
                part.withUnsafeBufferPointer { part in
                    guard let source = part.baseAddress, let target = packed.baseAddress else { return }
                    FastLanes.pack(source, width: 1, into: target)
                }
            }
            writer.write(elements: packed)
        }
    }

    private func runs(_ rows: Range<Int>) -> [(level: UInt16, length: UInt8)] {
        var runs: [(level: UInt16, length: UInt8)] = []
        for level in levels[rows] {
            if let last = runs.last, last.level == level, last.length < UInt8.max {
                runs[runs.count - 1].length += 1
            } else {
                runs.append((level, 1))
            }
        }
        return runs
    }
}
