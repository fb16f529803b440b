// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// DELTA_BINARY_PACKED: INT32 and INT64 values.
struct DeltaIntegerDecoder: ValueDecoder {
    private var run: DeltaBinaryPacked
    private let width: Int

    static func make(_ view: ByteView, _ context: DecoderContext) throws -> any ValueDecoder {
        guard context.physical == .int32 || context.physical == .int64, let width = context.width else {
            throw context.unsupported(.deltaBinaryPacked)
        }
        return view.isEmpty ? PlainFixedDecoder(view: view, width: width) : try DeltaIntegerDecoder(view, width: width)
    }

    init(_ view: ByteView, width: Int) throws {
        run = try DeltaBinaryPacked(view)
        self.width = width
    }

    mutating func decode(_ count: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        let target = output.reserve(count * width)
        if width == 4 {
            try run.decode(count, into: target.assumingMemoryBound(to: UInt32.self))
        } else {
            try run.decode(count, into: target.assumingMemoryBound(to: UInt64.self))
        }
        output.advance(count * width)
        return count
    }
}
