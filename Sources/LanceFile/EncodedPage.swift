// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import LanceProto

/// A page ready to be written: each buffer as the pieces that stand one after another in it.
///
/// Pieces, so that eight megabytes of vectors are written from where they are and not gathered first.
struct EncodedPage {
    var encoding: ProtoArrayEncoding
    var buffers: [[ByteView]]
    var rowCount: Int
}
