// SPDX-License-Identifier: Apache-2.0
import CZstd

/// Compresses a buffer or a value (format reference: general compression framing).
///
/// ```
/// u64 raw size | zstd frame
/// ```
final class ZstdEncoder {
    private static let level: Int32 = 3

    /// Kept from value to value: a new one is most of the work for a short one.
    private let context: OpaquePointer

    /// Nil where there is no memory for it.
    init?() {
        guard let context = ZSTD_createCCtx() else { return nil }
        self.context = context
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Nil where zstd cannot.
    func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        let bound = ZSTD_compressBound(bytes.count)
        var size = 0
        let result = [UInt8](unsafeUninitializedCapacity: 8 + bound) { target, count in
            guard let base = target.baseAddress else { return }
            UnsafeMutableRawPointer(base).storeBytes(of: UInt64(bytes.count).littleEndian, as: UInt64.self)
            size = ZSTD_compressCCtx(context, base + 8, bound, bytes.baseAddress, bytes.count, Self.level)
            count = ZSTD_isError(size) == 0 ? 8 + size : 0
        }
        return ZSTD_isError(size) == 0 ? result : nil
    }
}
