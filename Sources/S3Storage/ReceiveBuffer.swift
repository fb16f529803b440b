// SPDX-License-Identifier: Apache-2.0
#if S3
    package import ByteCoding
    import Foundation

    /// Memory that answers are received into, some at a time in different places, until it becomes a `Region`.
    package final class ReceiveBuffer: @unchecked Sendable {
        // Unchecked: slots do not overlap, each is written by one request at a time, and nothing is read before all are done.
        let base: UnsafeMutableRawPointer
        package let count: Int
        /// Long buffers are the system's own pages, given back at once: an allocator keeps what parts of objects leave, and
        /// a process that has sent many of them holds several times what is on its way.
        private let isOwnPages: Bool
        private static let leastPages = 1 << 20

        /// Throws `io` where there is no such amount of memory: the count comes from a server.
        package init(count: Int, name: String) throws {
            isOwnPages = count >= Self.leastPages
            guard count >= 0, let memory = isOwnPages ? Self.pages(count) : Self.allocated(count) else {
                throw Failure(.io, "the object has \(count) bytes, for which there is no memory", path: name)
            }
            base = memory
            self.count = count
        }

        deinit {
            if isOwnPages { munmap(base, count) } else { free(base) }
        }

        private static func pages(_ count: Int) -> UnsafeMutableRawPointer? {
            let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
            return memory == MAP_FAILED ? nil : memory
        }

        private static func allocated(_ count: Int) -> UnsafeMutableRawPointer? {
            var memory: UnsafeMutableRawPointer?
            return posix_memalign(&memory, 64, max(count, 1)) == 0 ? memory : nil
        }

        /// Nil where it would reach beyond the memory.
        package func slot(_ offset: Int, _ length: Int) -> BodySlot? {
            guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
            return BodySlot(buffer: self, offset: offset, count: length)
        }

        /// The first `length` bytes, once all of them are written; the memory goes with the region.
        package func region(_ length: Int? = nil, name: String, fileOffset: UInt64 = 0) -> Region {
            Region(
                adopting: UnsafeRawBufferPointer(start: base, count: min(length ?? count, count)), name: name,
                fileOffset: fileOffset, isMapped: false
            ) { _, _ in withExtendedLifetime(self) {} }
        }
    }

    /// A place for the body of one answer.
    package struct BodySlot: Sendable {
        let buffer: ReceiveBuffer
        let offset: Int
        package let count: Int

        /// False where the bytes do not fit.
        func write(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Bool {
            guard place >= 0, place <= count, bytes.count <= count - place else { return false }
            UnsafeMutableRawBufferPointer(start: buffer.base + offset + place, count: bytes.count).copyMemory(
                from: bytes)
            return true
        }
    }
#endif
