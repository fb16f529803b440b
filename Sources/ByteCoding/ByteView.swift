// SPDX-License-Identifier: Apache-2.0

/// A checked window on the bytes of a `Region`.
///
/// Every access that comes from a file's own numbers (offsets, lengths, counts) goes through here, and throws a
/// `corrupt` failure that names file, byte and expectation instead of trapping.
package struct ByteView: @unchecked Sendable {
    // Unchecked: a pointer into `region`, which is Sendable and kept alive by this very struct.
    package let region: Region
    let start: UnsafeRawPointer
    package let count: Int

    init(region: Region, start: UnsafeRawPointer, count: Int) {
        self.region = region
        self.start = start
        self.count = count
    }

    package static let empty = Region(count: 0, name: "empty") { _ in }.view

    /// A view that owns a copy of `bytes`.
    package init(copying bytes: some Collection<UInt8>, name: String = "memory") {
        self = Region(copying: bytes, name: name).view
    }

    package var isEmpty: Bool { count == 0 }

    /// Where the view starts in the file that its region was read from.
    package var fileOffset: UInt64 { region.fileOffset &+ UInt64(start - region.base) }

    /// A failure about the byte `at` of this view.
    package func corrupt(_ message: String, at offset: Int = 0) -> Failure {
        Failure(.corrupt, message, path: region.name, offset: fileOffset &+ UInt64(clamping: offset))
    }

    /// `length` bytes from `offset`; throws when they are not all inside the view.
    package func slice(_ offset: Int, _ length: Int, _ what: @autoclosure () -> String = "bytes") throws -> ByteView {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else {
            throw corrupt(
                "\(what()): expected \(length) bytes at \(offset), but only \(count) bytes are there",
                at: min(max(offset, 0), count))
        }
        return ByteView(region: region, start: start + offset, count: length)
    }

    /// The same for numbers that were read from a file, which may be beyond what `Int` holds.
    package func slice(_ offset: UInt64, _ length: UInt64, _ what: @autoclosure () -> String = "bytes") throws
        -> ByteView
    {
        guard let offset = Int(exactly: offset), let length = Int(exactly: length) else {
            throw corrupt("\(what()): offset \(offset) with length \(length) is beyond the file")
        }
        return try slice(offset, length, what())
    }

    /// The little-endian integer at `offset`, which need not be aligned.
    @inline(__always)
    package func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self, at offset: Int) throws -> T {
        guard offset >= 0, offset <= count, MemoryLayout<T>.size <= count - offset else {
            throw corrupt("expected a \(MemoryLayout<T>.size)-byte integer, but the bytes end at \(count)", at: offset)
        }
        return T(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// All the bytes. The pointer is valid during the call only.
    @inline(__always)
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(region) {} }
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The bytes as an array of `T`; `count` must be a whole number of them, in the machine's byte order.
    package func array<T: BitwiseCopyable>(of type: T.Type) -> [T] {
        let elements = count / MemoryLayout<T>.stride
        return withUnsafeBytes { source in
            [T](unsafeUninitializedCapacity: elements) { target, initialized in
                UnsafeMutableRawBufferPointer(target).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[..<(elements * MemoryLayout<T>.stride)]))
                initialized = elements
            }
        }
    }

    package var bytes: [UInt8] { array(of: UInt8.self) }

    /// The bytes as text; nil where they are not valid UTF-8.
    package var utf8: String? {
        withUnsafeBytes { String(validating: $0.bindMemory(to: UInt8.self), as: UTF8.self) }
    }

    /// The bytes as text; throws where they are not valid UTF-8.
    package func string(_ what: @autoclosure () -> String = "text") throws -> String {
        guard let text = utf8 else { throw corrupt("\(what()) is not valid UTF-8") }
        return text
    }
}

extension ByteView: Equatable {
    package static func == (a: ByteView, b: ByteView) -> Bool {
        a.count == b.count && a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.elementsEqual(b) } }
    }
}

extension ByteView {
    /// The same bytes at an address that is a multiple of `alignment` (at most 64): a copy only where they are not.
    package func aligned(to alignment: Int) -> ByteView {
        if UInt(bitPattern: start) % UInt(alignment) == 0 { return self }
        return Region(count: count, name: region.name, fileOffset: fileOffset) { target in
            withUnsafeBytes { target.copyMemory(from: $0) }
        }.view
    }
}
