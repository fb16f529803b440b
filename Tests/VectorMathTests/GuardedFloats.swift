// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Memory between two pages that must not be touched: reading a byte too many ends the test process.
final class GuardedFloats {
    private let mapping: UnsafeMutableRawPointer
    private let page: Int
    private let inner: Int

    /// At least `bytes` bytes, all zero.
    init(bytes: Int) throws {
        page = Int(sysconf(Int32(_SC_PAGESIZE)))
        inner = (max(bytes, 1) + page - 1) / page * page
        let noPlace = UnsafeMutableRawPointer(bitPattern: -1)
        guard
            let mapping = mmap(nil, inner + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0),
            mapping != noPlace
        else { throw POSIXError(.ENOMEM) }
        self.mapping = mapping
        guard mprotect(mapping, page, PROT_NONE) == 0, mprotect(mapping + page + inner, page, PROT_NONE) == 0 else {
            throw POSIXError(.EACCES)
        }
    }

    deinit { munmap(mapping, inner + 2 * page) }

    /// Copies `values` so that they begin where the accessible memory begins.
    func first(_ values: [Float]) -> UnsafePointer<Float> { copy(values, to: mapping + page) }

    /// Copies `values` so that they end where the accessible memory ends.
    func last(_ values: [Float]) -> UnsafePointer<Float> {
        copy(values, to: mapping + page + inner - values.count * MemoryLayout<Float>.size)
    }

    private func copy(_ values: [Float], to place: UnsafeMutableRawPointer) -> UnsafePointer<Float> {
        values.withUnsafeBytes {
            place.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(place), byteCount: $0.count)
        }
        return UnsafePointer(place.assumingMemoryBound(to: Float.self))
    }
}
