// SPDX-License-Identifier: Apache-2.0

/// Builds a run of little-endian bytes.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package var count: Int { bytes.count }
    package var isEmpty: Bool { bytes.isEmpty }

    package mutating func write<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func write(_ more: some Collection<UInt8>) { bytes.append(contentsOf: more) }

    package mutating func write(_ more: UnsafeRawBufferPointer) { bytes.append(contentsOf: more) }

    package mutating func write(_ view: ByteView) { view.withUnsafeBytes { bytes.append(contentsOf: $0) } }

    /// Appends the elements' own memory: integers and floats in the machine's (little-endian) order.
    package mutating func write<T: BitwiseCopyable>(elements: some Sequence<T>, of type: T.Type = T.self) {
        let copied: Void? = elements.withContiguousStorageIfAvailable {
            bytes.append(contentsOf: UnsafeRawBufferPointer($0))
        }
        if copied == nil {
            for element in elements { withUnsafeBytes(of: element) { bytes.append(contentsOf: $0) } }
        }
    }

    package mutating func write(repeating byte: UInt8, count: Int) {
        bytes.append(contentsOf: repeatElement(byte, count: count))
    }

    package mutating func pad(toMultipleOf alignment: Int, with byte: UInt8 = 0) {
        let rest = bytes.count % alignment
        if rest != 0 { write(repeating: byte, count: alignment - rest) }
    }

    package mutating func removeAll(keepingCapacity: Bool = true) { bytes.removeAll(keepingCapacity: keepingCapacity) }
}
