// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto
import SwiftProtobuf

/// A page ready to be written: each buffer as the pieces that stand one after another in it.
///
/// Pieces, so that eight megabytes of vectors are written from where they are and not gathered first.
struct EncodedPage {
    /// What the page's metadata says of its buffers.
    enum Encoding {
        /// Version 2.0.
        case array(ProtoArrayEncoding)
        /// Versions 2.1 and 2.2.
        case layout(ProtoPageLayout)

        var message: any Message {
            switch self {
            case .array(let message): message
            case .layout(let message): message
            }
        }

        var messageName: String {
            switch self {
            case .array: "lance.encodings.ArrayEncoding"
            case .layout: "lance.encodings21.PageLayout"
            }
        }
    }

    var encoding: Encoding
    var buffers: [[ByteView]]
    var rowCount: Int
}
