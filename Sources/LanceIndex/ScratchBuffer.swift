// SPDX-License-Identifier: Apache-2.0

/// Memory of one query that the next one uses again; it grows to what was needed most.
package struct ScratchBuffer<Element: BitwiseCopyable>: ~Copyable {
    package private(set) var base: UnsafeMutablePointer<Element>
    package private(set) var capacity: Int

    package init(capacity: Int = 64) {
        self.capacity = max(capacity, 1)
        base = Self.allocate(self.capacity)
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Element> {
        UnsafeMutableRawPointer.allocate(byteCount: capacity * MemoryLayout<Element>.stride, alignment: 64)
            .bindMemory(to: Element.self, capacity: capacity)
    }

    /// Room for `count` elements, of which the first `keeping` stay as they are.
    @discardableResult
    package mutating func reserve(_ count: Int, keeping kept: Int = 0) -> UnsafeMutablePointer<Element> {
        if count > capacity {
            let larger = max(count, capacity * 2)
            let memory = Self.allocate(larger)
            memory.update(from: base, count: min(kept, capacity))
            UnsafeMutableRawPointer(base).deallocate()
            base = memory
            capacity = larger
        }
        return base
    }
}
