// SPDX-License-Identifier: Apache-2.0

/// Room for `count` plain numbers, from a multiple of 64 bytes on: a register of them lies in one cache line.
///
/// Not initialised, and shared by reference: who hands it to several threads says which part each of them may write.
final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>
    let count: Int

    init(_ count: Int) {
        self.count = count
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Element>.stride, alignment: 64)
        pointer = bytes.bindMemory(to: Element.self, capacity: count)
    }

    convenience init(repeating value: Element, count: Int) {
        self.init(count)
        pointer.update(repeating: value, count: count)
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
