// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// Decodes the definition or the repetition levels of a page.
///
/// A value type on purpose: a reader that has to stop inside of a block goes back to a copy.
struct LevelDecoder {
    private enum Source {
        /// Every level is 0 and none is stored.
        case absent
        case runs(HybridRunDecoder)
        case packed(ByteView, bit: Int)
    }

    private var source = Source.absent
    private let highest: UInt8
    private let bitWidth: Int

    /// Levels `0 ... highest` that are not stored, because the highest is 0.
    init() { (highest, bitWidth) = (0, 0) }

    /// Levels in the hybrid of runs.
    init(runs view: ByteView, highest: UInt8) throws {
        self.highest = highest
        bitWidth = Self.bitWidth(highest)
        source = .runs(try HybridRunDecoder(view, bitWidth: bitWidth))
    }

    /// Takes the levels off the front of a version 1 page's bytes.
    init(v1 reader: inout ByteReader, encoding: Int32, highest: UInt8, count: Int) throws {
        self.highest = highest
        bitWidth = Self.bitWidth(highest)
        guard highest > 0 else { return }
        switch encoding {
        case Encoding.rle.rawValue:
            let length = try reader.read(UInt32.self)
            source = .runs(try HybridRunDecoder(reader.bytes(Int(length), "levels"), bitWidth: bitWidth))
        case Encoding.bitPacked.rawValue:
            // `count` has 31 bits.
            source = .packed(try reader.bytes((count * bitWidth + 7) / 8, "bit-packed levels"), bit: 0)
        default:
            throw reader.corrupt("levels in the encoding \(Encoding.name(encoding)), expected RLE or BIT_PACKED")
        }
    }

    private static func bitWidth(_ highest: UInt8) -> Int { 8 - highest.leadingZeroBitCount }

    /// The next level and how often it comes, where the page says so in one run. `limit` is what the page has left.
    mutating func repetition(limit: Int) throws -> (level: UInt8, count: Int)? {
        switch source {
        case .absent: return (0, limit)
        case .packed: return nil
        case .runs(var runs):
            defer { source = .runs(runs) }
            guard let run = try runs.repetition() else { return nil }
            guard run.value <= highest else { throw Self.tooHigh(run.value, highest) }
            return (UInt8(run.value), min(run.count, limit))
        }
    }

    /// Passes over `count` levels of the run that `repetition` told of.
    mutating func consume(_ count: Int) {
        guard case .runs(var runs) = source else { return }
        runs.consume(count)
        source = .runs(runs)
    }

    mutating func decode(_ count: Int, into target: UnsafeMutablePointer<UInt8>) throws {
        switch source {
        case .absent:
            target.update(repeating: 0, count: count)
            return
        case .packed(let view, let bit):
            let bits = count * bitWidth
            guard bits <= view.count * 8 - bit else { throw view.corrupt("the levels end early") }
            view.withUnsafeBytes {
                BitUnpacking.unpackHighestFirst($0, first: bit, width: bitWidth, count: count, into: target)
            }
            source = .packed(view, bit: bit + bits)
        case .runs(var runs):
            try runs.decode(count, into: target)
            source = .runs(runs)
        }
        var top: UInt8 = 0
        for index in 0..<count { top = max(top, target[index]) }
        guard top <= highest else { throw Self.tooHigh(UInt32(top), highest) }
    }

    private static func tooHigh(_ level: UInt32, _ highest: UInt8) -> Failure {
        Failure(.corrupt, "a level of \(level), where \(highest) is the highest")
    }
}
