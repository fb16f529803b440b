// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto

/// Bytes behind a general compression: LZ4 or zstd.
enum GeneralValues {
    static func inflate(_ general: ProtoGeneralCompression, _ view: ByteView, limit: Int) throws -> ByteView {
        // One inside another would multiply what a few bytes can stand for.
        if case .general = general.values.compression {
            throw Failure(.unsupported, "values that are compressed twice are not supported; read the other columns")
        }
        switch general.compression.scheme {
        case .schemeLz4: return try BufferCodec.inflate(view, scheme: "lz4", limit: limit)
        case .schemeZstd: return try BufferCodec.inflate(view, scheme: "zstd", limit: limit)
        case .schemeUnspecified, .UNRECOGNIZED:
            throw Failure(
                .unsupported,
                "the compression scheme \(general.compression.scheme.rawValue) is not known; read the other columns")
        }
    }
}
