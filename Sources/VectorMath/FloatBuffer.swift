// SPDX-License-Identifier: Apache-2.0

/// Floats at a fixed address that is a multiple of 64 (one cache line), for the kernels.
///
/// Written while one owner prepares it, read by any thread after that.
package final class FloatBuffer: @unchecked Sendable {
    // Unchecked: see above; whoever shares it does not write any more.
    package let count: Int
    package let base: UnsafeMutablePointer<Float>

    /// `count` zeros.
    package convenience init(count: Int) {
        self.init(uninitialized: count)
        base.initialize(repeating: 0, count: max(count, 1))
    }

    /// `count` floats for the caller to write: memory is touched once, not twice.
    package init(uninitialized count: Int) {
        self.count = count
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
    }

    package convenience init(_ values: [Float]) {
        self.init(uninitialized: values.count)
        values.withUnsafeBufferPointer { source in
            if let first = source.baseAddress { base.update(from: first, count: source.count) }
        }
    }

    deinit { base.deallocate() }
}
