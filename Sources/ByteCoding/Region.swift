// SPDX-License-Identifier: Apache-2.0

/// A run of immutable bytes with one owner: a mapped file, a part of one read into memory, or a decoded buffer.
///
/// `ByteView`s point into it and keep it alive; the memory is given back when the last of them is gone.
/// A region knows the name of the file it came from and at which byte it starts there, so that an error about any
/// byte can say where that byte is.
///
/// A file that somebody truncates while it is mapped makes a later read fault (`SIGBUS`). Data, index and manifest
/// files of a Lance table are never changed once written, so this is not defended against.
package final class Region: @unchecked Sendable {
    // Unchecked: the bytes are written before `init` returns and never after.
    package let name: String
    package let fileOffset: UInt64
    package let isMapped: Bool
    let base: UnsafeRawPointer
    package let count: Int
    private let release: (@Sendable (UnsafeRawPointer, Int) -> Void)?

    /// Takes over memory that `release` knows how to give back.
    package init(
        adopting bytes: UnsafeRawBufferPointer, name: String, fileOffset: UInt64 = 0, isMapped: Bool,
        release: @escaping @Sendable (UnsafeRawPointer, Int) -> Void
    ) {
        if let base = bytes.baseAddress {
            self.base = base
            self.release = release
        } else {
            self.base = UnsafeRawPointer(Self.nothing)
            self.release = nil
        }
        self.count = bytes.count
        self.name = name
        self.fileOffset = fileOffset
        self.isMapped = isMapped
    }

    /// Allocates `count` bytes aligned to 64 (one cache line, one AVX-512 register) and lets `fill` write them.
    ///
    /// The memory is not cleared first: `fill` must write all of it. Throws what `fill` throws.
    package init(
        count: Int, name: String, fileOffset: UInt64 = 0, filling fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Swift.max(count, 1), alignment: 64)
        do {
            try fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
        } catch {
            memory.deallocate()
            throw error
        }
        self.base = UnsafeRawPointer(memory)
        self.count = count
        self.name = name
        self.fileOffset = fileOffset
        self.isMapped = false
        self.release = { pointer, _ in pointer.deallocate() }
    }

    package convenience init(copying bytes: some Collection<UInt8>, name: String, fileOffset: UInt64 = 0) {
        self.init(count: bytes.count, name: name, fileOffset: fileOffset) { $0.copyBytes(from: bytes) }
    }

    deinit { release?(base, count) }

    /// All of the region's bytes.
    package var view: ByteView { ByteView(region: self, start: base, count: count) }

    /// Stands in for the address of an empty buffer.
    private static nonisolated(unsafe) let nothing = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
}
