// SPDX-License-Identifier: Apache-2.0
import ByteCoding

/// BYTE_STREAM_SPLIT: the first bytes of all values, then all second bytes, and so on.
struct ByteStreamSplitDecoder: ValueDecoder {
    private let view: ByteView
    private let width: Int
    private let count: Int
    private var position = 0

    static func make(_ view: ByteView, _ context: DecoderContext) throws -> any ValueDecoder {
        guard let width = context.width, context.physical != .boolean, context.physical != .int96 else {
            throw context.unsupported(.byteStreamSplit)
        }
        return try ByteStreamSplitDecoder(view, width: width)
    }

    init(_ view: ByteView, width: Int) throws {
        guard width > 0, view.count % width == 0 else {
            throw view.corrupt("\(view.count) bytes are no whole number of values of \(width) bytes")
        }
        self.view = view
        self.width = width
        count = view.count / width
    }

    mutating func decode(_ part: Int, into output: ValueBuffer, limit: Int) throws -> Int {
        guard part <= count - position else {
            throw view.corrupt("\(part) values, but only \(count - position) are left")
        }
        let target = output.reserve(part * width)
        view.withUnsafeBytes { source in
            guard let source = source.baseAddress else { return }
            switch width {
            case 4: gather(part, source, target, UInt32.self)
            case 8: gather(part, source, target, UInt64.self)
            default:
                for byte in 0..<width {
                    let stream = source + byte * count + position
                    for index in 0..<part {
                        target.storeBytes(
                            of: stream.load(fromByteOffset: index, as: UInt8.self), toByteOffset: index * width + byte,
                            as: UInt8.self)
                    }
                }
            }
        }
        output.advance(part * width)
        position += part
        return part
    }

    private func gather<T: FixedWidthInteger & BitwiseCopyable>(
        _ part: Int, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ type: T.Type
    ) {
        for index in 0..<part {
            var value: T = 0
            for byte in 0..<MemoryLayout<T>.size {
                let stream = source.load(fromByteOffset: byte * count + position + index, as: UInt8.self)
                value |= T(truncatingIfNeeded: stream) << T(truncatingIfNeeded: byte * 8)
            }
            target.storeBytes(of: value.littleEndian, toByteOffset: index * MemoryLayout<T>.size, as: T.self)
        }
    }
}
