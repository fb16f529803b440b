// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import SwiftProtobuf

/// The dictionary of a mini-block page, all in one buffer.
struct EncodedDictionary {
    let encoding: ProtoCompressiveEncoding
    let count: Int
    let bytes: [UInt8]

    /// Beside its bytes: up to 63 before it, so that it starts where a buffer must, and the message.
    var size: Int { bytes.count + 48 }

    init(_ distinct: DistinctValues, version: FileVersion) {
        let plain: ProtoCompressiveEncoding
        var writer = ByteWriter()
        switch distinct.items {
        case .fixed(let values):
            plain = .with { $0.flat.bitsPerValue = UInt64(values.width * 8) }
            writer.write(values.bytes)
        case .text(let values, let bits):
            plain = .with { $0.variable.offsets.flat.bitsPerValue = UInt64(bits) }
            Self.write(values, bits: bits, into: &writer)
        }
        count = distinct.firstRows.count
        // Readers of 2.1 need not know general compression of dictionaries.
        let compressed = version < .v2_2 ? nil : writer.bytes.withUnsafeBytes { ZstdEncoder()?.compress($0) }
        if let compressed, compressed.count < writer.count * 7 / 8 {
            encoding = .with {
                $0.general.compression.scheme = .schemeZstd
                $0.general.values = plain
            }
            bytes = compressed
        } else {
            encoding = plain
            bytes = writer.bytes
        }
    }

    /// ```
    /// u32 or u64: 32 or 64 | u32 or u64: where the bytes begin | n + 1 offsets from there | bytes
    /// ```
    private static func write(_ values: TextValues, bits: Int, into writer: inout ByteWriter) {
        let start = bits / 8 * (values.count + 3)
        for number in [bits, start] + values.offsets {
            if bits == 32 { writer.write(UInt32(number)) } else { writer.write(UInt64(number)) }
        }
        writer.write(values.data)
    }
}
