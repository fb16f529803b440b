// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// RLE as an encoding of values, which is for Booleans alone.
///
///     page = u32 length, runs of 1-bit values
struct BooleanRunDecoder: ValueDecoder {
    private var runs: HybridRunDecoder

    static func make(_ view: ByteView, _ context: DecoderContext) throws -> any ValueDecoder {
        guard context.physical == .boolean else { throw context.unsupported(.rle) }
        if view.isEmpty { return try BooleanRunDecoder(runs: HybridRunDecoder(view, bitWidth: 1)) }
        let length = Int(try view.load(UInt32.self, at: 0))
        return try BooleanRunDecoder(runs: HybridRunDecoder(view.slice(4, length, "runs of Booleans"), bitWidth: 1))
    }

    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        try runs.decode(count, into: output.reserve(count).assumingMemoryBound(to: UInt8.self))
        output.advance(count)
        return count
    }
}
